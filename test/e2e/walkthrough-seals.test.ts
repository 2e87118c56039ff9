// SPDX-License-Identifier: Apache-2.0
/** Every command that the pages on several seals, on migration and on recovery show is run, on SoftHSM, key files and shares. */
import { cp, rename, rm, writeFile } from "node:fs/promises";
import { partMissing } from "@sealwright/testing/parts";
import { afterEach, describe, expect, test } from "vitest";
import { SealsStage } from "./walkthrough/seals-stage.ts";
import { newKeys, rows } from "./walkthrough/tables.ts";

const RELOAD = 'curl -X PUT -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/sys/config/reload/seals';

let stage: SealsStage;
afterEach(() => stage.close());

interface Made {
  readonly officers: readonly string[];
  readonly recovery: readonly string[];
  readonly unseal: readonly string[];
}

function numbered(text: string, kind: string): string[] {
  return [...text.matchAll(new RegExp(`^${kind} Key \\d+: (\\S+)$`, "gm"))].map((match) => match[1] ?? "");
}

/** Reads what init printed, and writes a value. */
async function begin(printed: string): Promise<Made> {
  stage.useToken(/^Initial Root Token: (\S+)$/m.exec(printed)?.[1] ?? "");
  return {
    officers: numbered(printed, "Break-Glass"),
    recovery: numbered(printed, "Recovery"),
    unseal: numbered(printed, "Unseal"),
  };
}

async function keep(value: string): Promise<void> {
  await stage.shell.ok("sealwright secrets enable -path=secret -version=1 kv");
  await stage.shell.ok(`sealwright kv put -mount=secret kept value=${value}`);
}

/** Submits a share to the nonce that `text` shows. */
function nonceIn(text: string): string {
  return rows(text).Nonce ?? "";
}

describe.skipIf(partMissing("SoftHSM"))("the page on", () => {
  test("migration: there, back, and there for good, without a restart", { timeout: 90_000 }, async () => {
    stage = await SealsStage.open("migrate");
    const old = (await stage.staticBlock("static")).replace(/^ *name .*\n/m, "");
    await stage.serve(old);
    const { recovery } = await begin(
      await stage.shell.ok("sealwright operator init -recovery-shares=3 -recovery-threshold=2"),
    );
    await keep("before");
    await stage.configure(old + stage.hsmBlock());
    expect(JSON.parse(await stage.run(RELOAD)).data).toEqual({ added: ["hsm"], changed: [], removed: [] });
    const plan = rows(await stage.run("sealwright operator seal migrate -to=hsm -dry-run"));
    expect(plan).toMatchObject({ From: "static (static)", To: "hsm (pkcs11)", "Old Seal": "proved by a round trip" });
    expect(await stage.shell.ok("sealwright seal status")).toMatch(/^static +static +enabled +1 \(first\)/m);
    await stage.run("sealwright operator seal migrate -to=hsm");
    const status = await stage.run("sealwright seal status");
    expect(status).toMatch(/^hsm +pkcs11 +enabled +1 \(first\) +healthy +yes/m);
    expect(status).toMatch(/^static +static +enabled +1 +healthy +yes/m);
    await stage.run("sealwright operator seal migrate -undo");
    expect(await stage.shell.ok("sealwright seal status")).toMatch(/^static +static +enabled +1 \(first\)/m);
    await stage.shell.ok("sealwright operator seal migrate -finish -force");
    await stage.shell.ok("sealwright operator seal migrate -to=hsm");
    await stage.run("sealwright operator seal migrate -finish");
    await stage.serve(stage.hsmBlock());
    await stage.server.command.until(/unsealed/);
    expect(await stage.keeps("before")).toBe(true);

    // Vault's way, to shares and back.
    const waiting = await stage.serve(stage.hsmBlock('disabled = "true"'));
    await waiting.command.until(/waiting for recovery key shares with -migrate \(0 of 2 given\)/);
    const shown = await stage.shell.run(stage.page.take("sealwright status"));
    expect(shown).toMatchObject({ code: 2, stdout: expect.stringContaining("waiting for recovery key shares") });
    const migrate = stage.page.take("sealwright operator unseal -migrate");
    for (const share of recovery.slice(0, 2)) {
      expect((await stage.shell.onTerminal(migrate, share)).code).toBe(0);
    }
    expect(await stage.keeps("before")).toBe(true);
    await stage.serve("");
    for (const share of recovery.slice(1)) await stage.shell.ok(`echo ${share} | sealwright operator unseal -`);
    expect(await stage.keeps("before")).toBe(true);
    await stage.serve(stage.hsmBlock());
    for (const share of recovery.slice(0, 2))
      await stage.shell.ok(`echo ${share} | sealwright operator unseal -migrate -`);
    await stage.serve(stage.hsmBlock());
    await stage.server.command.until(/unsealed/);
    expect(await stage.keeps("before")).toBe(true);
    expect(stage.page.left).toEqual([]);
  });

  test("several seals: added, removed, and one that is away", { timeout: 90_000 }, async () => {
    stage = await SealsStage.open("multi-seal");
    const two = (await stage.staticBlock("primary")) + (await stage.staticBlock("spare", "priority = 2"));
    await stage.serve(two);
    const refused = await stage.shell.run("sealwright operator init");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("-accept-weaker") });
    const { recovery } = await begin(await stage.run("sealwright operator init -accept-weaker"));
    await keep("shared");
    await stage.configure(two + stage.hsmBlock("priority = 3"));
    await stage.run(RELOAD);
    await stage.run("sealwright operator seal add hsm");
    await stage.run("sealwright operator seal remove spare");
    const rotation = await stage.run(
      "sealwright operator rotate-keys -target=recovery -init -key-shares=3 -key-threshold=2",
    );
    const nonce = nonceIn(rotation);
    for (const share of recovery.slice(0, 3)) {
      await stage.shell.ok(`echo ${share} | sealwright operator rotate-keys -target=recovery -nonce=${nonce} -`);
    }
    await stage.run(`curl -X PUT -H "X-Vault-Token: $VAULT_TOKEN" $VAULT_ADDR/v1/sys/rotate/root -d '{"force":true}'`);
    expect(await stage.run("sealwright seal status")).toMatch(/^hsm +pkcs11 +enabled +3 +healthy +yes/m);
    await stage.run("sealwright seal rewrap");
    const anybody = JSON.parse(await stage.run("curl $VAULT_ADDR/v1/sys/seal-backend-status"));
    expect(anybody).toMatchObject({ healthy: true, fully_wrapped: true });
    await stage.serve(stage.hsmBlock());
    await stage.server.command.until(/unsealed/);
    expect(await stage.keeps("shared")).toBe(true);
    expect(stage.page.left).toEqual([]);
  });

  test("recovery: officers open what no seal does, and give it to another", { timeout: 90_000 }, async () => {
    stage = await SealsStage.open("recover");
    await stage.serve(stage.hsmBlock());
    const init =
      "sealwright operator init -break-glass=officers -key-shares=5 -key-threshold=3 -recovery-shares=3 -recovery-threshold=2";
    const { recovery } = await begin(await stage.run(init));
    await keep("precious");
    const ceremony = async (start: string, give: string, shares = recovery): Promise<string> => {
      const nonce = nonceIn(await stage.run(start));
      const line = stage.page.take(give, { "…": nonce });
      await stage.shell.onTerminal(line, shares[0] ?? "");
      return (await stage.shell.onTerminal(line, shares[1] ?? "")).screen.replaceAll("\r", "");
    };
    const team = await ceremony(
      "sealwright operator seal add -key-shares=5 -key-threshold=3 security-team",
      "sealwright operator seal add -nonce=… security-team",
    );
    expect(numbered(team, "Break-Glass")).toHaveLength(5);
    const means = await ceremony(
      "sealwright operator seal add recovery-keys",
      "sealwright operator seal add -nonce=… recovery-keys",
    );
    expect(means).toContain("stolen backup");
    const ended = await ceremony(
      "sealwright operator recovery-keys-off -init -key-shares=3 -key-threshold=2",
      "sealwright operator recovery-keys-off -nonce=…",
    );
    expect(newKeys(ended)).toHaveLength(3);
    const others = await ceremony(
      "sealwright operator rotate-keys -seal=officers -init -key-shares=5 -key-threshold=3",
      "sealwright operator rotate-keys -seal=officers -nonce=…",
      newKeys(ended),
    );
    const officers = newKeys(others);
    expect(officers).toHaveLength(5);
    await stage.run("sealwright operator seal remove security-team");

    await stage.shell.ok("sealwright operator seal");
    const unseal = stage.page.take("sealwright operator unseal -seal=officers");
    for (const share of officers.slice(0, 3)) expect((await stage.shell.onTerminal(unseal, share)).code).toBe(0);
    expect(await stage.keeps("precious")).toBe(true);

    // The drill: the HSM is gone, and here are a backup and three officers.
    await stage.stop();
    await cp(stage.work.path("data"), stage.work.path("backup"), { recursive: true });
    await rm(stage.work.path("data"), { recursive: true });
    await stage.loseHsm();
    const began = performance.now();
    await cp(stage.work.path("backup"), stage.work.path("data"), { recursive: true });
    await stage.configure(await stage.staticBlock("new"));
    await rename(stage.work.path("server.hcl"), stage.work.path("new.hcl"));
    await writeFile(stage.work.path("shares.txt"), officers.slice(2).join("\n"));
    // A seal like `static` has to be accepted beside others, and here it is the only service.
    const told = await stage.run("sealwright operator recover -config=new.hcl -seal=officers - < shares.txt");
    expect(told).toContain("Success! The shares of officers opened the storage");
    const server = await stage.work.serve([
      stage.page.take("sealwright server -config=new.hcl").replace("sealwright server ", ""),
    ]);
    await server.command.until(/unsealed/);
    expect(performance.now() - began).toBeLessThan(60_000);
    stage.shell.exported = { ...stage.shell.exported, VAULT_ADDR: server.url };
    expect(await stage.keeps("precious")).toBe(true);
    expect(stage.page.left).toEqual([]);
  });
});
