// SPDX-License-Identifier: Apache-2.0
/** A server that Azure Key Vault unseals, with the example configuration, and the vault going away and coming back. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { expectNoneIn } from "./expectations.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

let place: Workplace;
let vault: KeyVaultServer;
let server: ServerProcess;
let token = "";
let recoveryKeys: string[] = [];
let logs = "";

/** The example with our vault in place of Azure's, and `changes` of its own. */
async function writeExample(changes: Readonly<Record<string, string>> = {}): Promise<void> {
  const { client_secret: _, ...settings } = vault.config;
  const lines = Object.entries({ ...settings, ...changes }).map(([key, value]) => `  ${key} = "${value}"\n`);
  const example = await readFile(`${root}examples/config/azurekeyvault.hcl`, "utf8");
  const local = example.replace(/(seal "azurekeyvault" \{\n)[^}]*/, `$1${lines.join("")}`).replace(":8200", ":0");
  await writeFile(place.path("server.hcl"), local);
}

beforeAll(async () => {
  [place, vault] = await Promise.all([Workplace.open(), startKeyVault()]);
  await writeExample();
});
afterAll(async () => {
  await place?.close();
  await vault?.stop();
});

const command = (args: readonly string[]) => place.run(args, { VAULT_ADDR: server.url, VAULT_TOKEN: token });
const secret = async () => (await command(["kv", "get", "-field=password", "secret/app"])).stdout.trim();

async function ask(method: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${server.url}/v1/${path}`, { method, headers: { "X-Vault-Token": token } });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function start(): Promise<void> {
  server = await place.serve(["-config=server.hcl"], { AZURE_CLIENT_SECRET: vault.identity.clientSecret });
}

async function stop(): Promise<void> {
  const { stdout, stderr } = await server.stop();
  logs += stdout + stderr;
}

describe("a server that Key Vault unseals", () => {
  test("starts while the vault is down, and says so when it is initialised", async () => {
    await vault.offline();
    await start();
    const { code, stderr } = await command(["operator", "init"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("nothing listens there") });
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ initialized: false });
    await vault.online();
  });

  test("is not initialised with an identity that wraps and cannot unwrap", async () => {
    vault.deny("unwrapKey");
    const { code, stderr } = await command(["operator", "init"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("denies unwrapKey") });
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ initialized: false });
    vault.allow();
  });

  test("is initialised, and unseals by itself with two unwraps: of the root key and of the wrapped keyring", async () => {
    const { code, stdout } = await command(["operator", "init", "-format=json"]);
    expect(code).toBe(0);
    const init = JSON.parse(stdout) as { root_token: string; recovery_keys_b64: string[] };
    [token, recoveryKeys] = [init.root_token, init.recovery_keys_b64];
    expect(await command(["kv", "put", "secret/app", "password=correct-horse"])).toMatchObject({ code: 0 });
    await stop();
    const before = vault.calls.length;
    await start();
    await server.command.until(/unsealed by the auto seal/);
    expect(vault.calls.slice(before).map(({ operation }) => operation)).toEqual(["unwrapKey", "unwrapKey"]);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ type: "azurekeyvault", sealed: false });
    expect(await secret()).toBe("correct-horse");
  });

  test("goes on serving while the vault is away, and a rotation is 503 and changes nothing", async () => {
    await vault.offline();
    const before = (await ask("GET", "sys/key-status")).body;
    const { status, body } = await ask("PUT", "sys/rotate");
    expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining("nothing listens there")]);
    expect((await ask("GET", "sys/key-status")).body.term).toBe(before.term);
    expect(await secret()).toBe("correct-horse");
  });

  test("started while the vault is away it waits and says why, and unseals within a pause of its return", async () => {
    await stop();
    await start();
    await server.command.until(/still sealed: .*is not reached: nothing listens there/);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({
      sealed: true,
      unseal_error_code: "SEAL_UNAVAILABLE",
      unseal_error: expect.stringContaining(`${vault.url}, which has the key autounseal, is not reached`),
    });
    expect((await ask("GET", "sys/health")).status).toBe(503);
    await vault.online();
    await server.command.until(/unsealed by the auto seal/);
    expect(await secret()).toBe("correct-horse");
  });

  test("rotates again, under the newest version of the key, and opens what the old one wrapped", async () => {
    await vault.rotateKey();
    const { term } = (await ask("GET", "sys/key-status")).body;
    expect((await ask("PUT", "sys/rotate")).status).toBeLessThan(300);
    expect((await ask("GET", "sys/key-status")).body.term).toBe(Number(term) + 1);
    await stop();
    await start();
    await server.command.until(/unsealed by the auto seal/);
  });

  test.each([
    ["disabled", () => vault.disableKey(), () => vault.enableKey(), /still sealed: .*is disabled/],
    ["deleted", () => vault.deleteKey(), () => vault.recoverKey(), /still sealed: .*it was deleted/],
    ["denied", () => vault.deny(), () => vault.allow(), /still sealed: .*denies unwrapKey with the key/],
    ["throttled", () => vault.throttle(60), () => vault.throttle(undefined), /still sealed: .*takes no more requests/],
  ])("says that the key is %s, and unseals when it no longer is", async (_what, begin, end, sentence) => {
    await stop();
    begin();
    await start();
    await server.command.until(sentence);
    end();
    await server.command.until(/unsealed by the auto seal/);
  });

  test("serves a directory that OpenBao wrote with the same key", async () => {
    await stop();
    const fixture = `${root}test/fixtures/azurekeyvault-lowkey/`;
    const { kid_version, jwk } = JSON.parse(await readFile(`${fixture}key.json`, "utf8"));
    vault.importKey("bao-seal", jwk, kid_version);
    await cp(`${fixture}data`, place.path("openbao"), { recursive: true });
    await writeExample({ key_name: "bao-seal" });
    const config = await readFile(place.path("server.hcl"), "utf8");
    const foreign = config.replace('storage "lmdb"', 'storage "file"').replace("./azure-data", "./openbao");
    await writeFile(place.path("server.hcl"), foreign);
    await start();
    await server.command.until(/unsealed by the auto seal/);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ type: "azurekeyvault", sealed: false, n: 3 });
    await stop();
  });

  test("shows no token, key or secret in its output", () => {
    expectNoneIn(logs, [token, "correct-horse", vault.identity.clientSecret, ...recoveryKeys]);
  });
});
