// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kryoptic } from "@sealwright/testing/kryoptic";
import { partMissing } from "@sealwright/testing/parts";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import type { TestToken } from "@sealwright/testing/test-token";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "./support/fake-io.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-doctor-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a configuration with these seals and has the doctor look at it. */
async function doctor(seals: string, flags: string[] = [], env: Record<string, string> = {}) {
  const config = join(folder, "server.hcl");
  writeFileSync(
    config,
    `storage "file" { path = "${folder}/data" }\nlistener "tcp" { tls_disable = true }\n${seals}\n`,
  );
  return cli(["seal", "doctor", `-config=${config}`, ...flags], { env: { PATH: process.env.PATH ?? "", ...env } });
}

interface Told {
  readonly status: string;
  readonly seals: readonly {
    readonly sheets: readonly { readonly title: string; readonly facts: readonly (readonly [string, string])[] }[];
    readonly checks: readonly { readonly status: string; readonly what: string; readonly advice?: string }[];
    readonly timings?: { readonly calls: number; readonly wrap: { readonly median: number } };
  }[];
}

async function told(seals: string, env: Record<string, string> = {}): Promise<Told & { readonly code: number }> {
  const { stdout, code } = await doctor(seals, ["-format=json"], env);
  return { ...(JSON.parse(stdout) as Told), code };
}

describe("seal doctor", () => {
  it("tries any seal, and ends with 0 when all is well", async () => {
    const { code, stdout } = await doctor(`seal "static" { current_key = "${KEY}" current_key_id = "k1" }`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^20 calls +Median +Slowest$/m);
    expect(stdout).toMatch(/^ok +static +texts were wrapped and unwrapped$/m);
    expect(stdout).not.toContain(KEY);
  });

  it("says that people unseal with shares", async () => {
    const { status, seals } = await told('seal "shamir" {}');
    expect(status).toBe("ok");
    expect(seals[0]?.checks[0]?.what).toContain("people unseal with shares");
  });

  it("ends with 2 for a seal that cannot be opened, and looks at the next all the same", async () => {
    const seals = `seal "static" { current_key = "${KEY}" }\nseal "shamir" { disabled = true }`;
    const { code, seals: reports } = await told(seals);
    expect(code).toBe(2);
    expect(reports.map(({ checks }) => checks[0]?.status)).toEqual(["failed", "ok"]);
  });

  it("ends with 2 for a configuration that is none, and with 1 without one", async () => {
    expect(await doctor('seal "static" {')).toMatchObject({ code: 2, stdout: "" });
    expect(await cli(["seal", "doctor"])).toMatchObject({ code: 1, stdout: "" });
  });
});

function sealOn(hsm: TestToken, over: Record<string, string> = {}): string {
  const settings = { lib: hsm.lib, token_label: hsm.tokenLabel, pin: hsm.pin, key_label: "k", ...over };
  const lines = Object.entries(settings).map(([key, value]) => `  ${key} = ${JSON.stringify(value)}`);
  return `seal "pkcs11" {\n${lines.join("\n")}\n}`;
}

describe.skipIf(partMissing("SoftHSM"))("seal doctor with an HSM", () => {
  let hsm: SoftHsm;
  beforeEach(async () => {
    hsm = await softHsm({ pin: "pin-of-the-doctor" });
  });
  afterEach(() => hsm.stop());

  const seal = (over: Record<string, string> = {}): string => sealOn(hsm, over);

  it("shows library, token, mechanisms and the key's attributes, and nothing secret", async () => {
    await hsm.addAesKey({ label: "k", id: "01" });
    const { code, stdout, stderr } = await doctor(seal(), [], hsm.env);
    expect(code).toBe(0);
    for (const text of ["SoftHSM", 'Token "seal"', "CKM_AES_GCM", 'Secret key "k" (id 01)', "CKA_EXTRACTABLE"]) {
      expect(stdout).toContain(text);
    }
    expect(stdout + stderr).not.toContain(hsm.pin);
  });

  it("ends with 2 for a token that is not where it should be", async () => {
    const { code, status, seals } = await told(seal({ slot: "0x7fffffff" }), hsm.env);
    expect([code, status]).toEqual([2, "failed"]);
    expect(seals[0]?.checks.at(-1)?.what).toContain("in slot 2147483647");
  });

  it("has nothing wrapped where the key is still to be made, and makes none", async () => {
    const { code, seals } = await told(seal({ generate_key: "true" }), hsm.env);
    expect(code).toBe(1);
    expect(seals[0]?.checks.at(-1)).toMatchObject({ status: "warning", what: "there is no such key yet" });
    expect(seals[0]?.timings).toBeUndefined();
    const [report] = (await told(seal(), hsm.env)).seals;
    expect(report?.checks.at(-1)?.what).toContain('has no AES or RSA private key labelled "k"');
    expect(report?.sheets.find(({ title }) => title.startsWith("Keys"))?.facts).toEqual([["none", "–"]]);
  });

  it("lists the keys that there are, for who mistook one", async () => {
    await hsm.addAesKey({ label: "another", id: "0b" });
    await hsm.addRsaKey({ label: "pair", id: "0c" });
    const { code, seals } = await told(seal(), hsm.env);
    expect(code).toBe(2);
    const facts = seals[0]?.sheets.find(({ title }) => title === 'Keys on the token "seal"')?.facts;
    expect(new Map(facts)).toEqual(
      new Map([
        ['"another"', "AES, id 0b"],
        ['"pair"', "RSA, id 0c"],
      ]),
    );
  });

  it("warns of a key that can be used without the PIN", async () => {
    const token = ["--module", hsm.lib, "--token-label", hsm.tokenLabel, "--login", "--pin", hsm.pin];
    const key = ["--keygen", "--key-type", "AES:32", "--sensitive", "--label", "k", "--id", "01"];
    execFileSync("pkcs11-tool", [...token, ...key], { env: { ...process.env, ...hsm.env }, stdio: "ignore" });
    const { code, seals } = await told(seal(), hsm.env);
    expect(code).toBe(1);
    const warnings = seals[0]?.checks.filter(({ status }) => status === "warning");
    expect(warnings?.map(({ what }) => what)).toEqual(['the key "k" (id 01) can be used without the PIN']);
  });

  it("takes no key for the one that is meant where none is named", async () => {
    await hsm.addAesKey({ label: "k", id: "01" });
    const { code, seals } = await told(seal().replace(/^ *key_label.*$/m, ""), hsm.env);
    expect(code).toBe(2);
    const checks = seals[0]?.checks.map(({ status, what }) => `${status}: ${what}`) ?? [];
    expect(checks.slice(-2)).toEqual([
      "ok: the PIN is right",
      'failed: seal "pkcs11": key_label or key_id is required, to say which key to use',
    ]);
  });

  it("finds that a hash is missing on the token only by the round trip, and ends with 2", async () => {
    await hsm.addRsaKey({ label: "k", id: "01" });
    const { code, seals } = await told(seal({ rsa_oaep_hash: "sha256" }), hsm.env);
    expect(code).toBe(2);
    expect(seals[0]?.checks.at(-1)?.advice).toContain("rsa_oaep_hash");
  });

  it("tries a wrong PIN once", async () => {
    const { code, seals } = await told(seal({ pin: "wrong-pin" }), hsm.env);
    expect(code).toBe(2);
    expect(seals[0]?.checks.filter(({ status }) => status === "failed")).toHaveLength(1);
    expect(JSON.stringify(seals)).not.toContain("wrong-pin");
  });

  it("survives a library that is none", async () => {
    const { seals } = await told(seal({ lib: "/etc/passwd" }), hsm.env);
    expect(seals[0]?.checks.at(-1)?.what).toContain("no PKCS#11 library");
  });
});

describe.skipIf(partMissing("kryoptic"))("seal doctor with a token that locks", () => {
  let hsm: TestToken;
  beforeEach(async () => {
    hsm = await kryoptic({ pin: "pin-of-the-doctor" });
    await hsm.addRsaKey({ label: "k", id: "01" });
  });
  afterEach(() => hsm.stop());

  it("warns of a PIN that was mistyped, and ends with 1", async () => {
    expect((await told(sealOn(hsm), hsm.env)).code).toBe(0);
    // It says so when few tries are left.
    for (let wrong = 0; wrong < 8; wrong++) {
      expect((await told(sealOn(hsm, { pin: "wrong-pin" }), hsm.env)).code).toBe(2);
    }
    const { code, status, seals } = await told(sealOn(hsm), hsm.env);
    expect([code, status]).toEqual([1, "warning"]);
    expect(seals[0]?.checks.map(({ what }) => what)).toContain("a wrong PIN was given since the last login");
    expect(seals[0]?.timings?.calls).toBe(20);
  });

  it("with one try left makes none, and ends with 2, unless the operator insists", async () => {
    for (let wrong = 0; wrong < 9; wrong++) await told(sealOn(hsm, { pin: "wrong-pin" }), hsm.env);
    const careful = await told(sealOn(hsm), hsm.env);
    expect(careful.code).toBe(2);
    expect(careful.seals[0]?.checks.at(-1)?.what).toContain("none is tried");
    expect((await doctor(sealOn(hsm), ["-force-last-try"], hsm.env)).code).toBeLessThan(2);
    expect((await told(sealOn(hsm), hsm.env)).code).toBe(0);
  });
});
