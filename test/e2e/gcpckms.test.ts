// SPDX-License-Identifier: Apache-2.0
/** A server that Cloud KMS unseals, with the example configuration, TLS and a service account with the smallest role. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { makeTestAuthority } from "@sealwright/testing/certificates";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { expectNoneIn } from "./expectations.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const ACCOUNT = "server@test-project.iam.gserviceaccount.com";
const FIXTURE_KEY = "projects/p/locations/global/keyRings/bao/cryptoKeys/bao-seal";

let place: Workplace;
let kms: CloudKms;
let server: ServerProcess;
let credentials: string;
let privateKey: string;
let token = "";
let recoveryKeys: string[] = [];
let logs = "";

/** The example with our server in place of Google's, and `changes` of its own. */
async function writeExample(changes: Readonly<Record<string, string>> = {}): Promise<void> {
  const settings = { ...kms.config, tls_ca_cert: "ca.pem", ...changes };
  const lines = Object.entries(settings).map(([key, value]) => `  ${key} = "${value}"\n`);
  const example = await readFile(`${root}examples/config/gcpckms.hcl`, "utf8");
  const local = example.replace(/(seal "gcpckms" \{\n)[^}]*/, `$1${lines.join("")}`).replace(":8200", ":0");
  await writeFile(place.path("server.hcl"), local);
}

beforeAll(async () => {
  const authority = makeTestAuthority("Cloud KMS");
  [place, kms] = await Promise.all([Workplace.open(), startCloudKms({ tls: authority.issue(["localhost"]) })]);
  const account = kms.addServiceAccount(ACCOUNT);
  [credentials, privateKey] = [JSON.stringify(account), account.private_key];
  await writeFile(place.path("ca.pem"), authority.ca);
  await writeExample();
});
afterAll(async () => {
  await place?.close();
  await kms?.stop();
});

const command = (args: readonly string[]) => place.run(args, { VAULT_ADDR: server.url, VAULT_TOKEN: token });
const secret = async () => (await command(["kv", "get", "-field=password", "secret/app"])).stdout.trim();

async function ask(method: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${server.url}/v1/${path}`, { method, headers: { "X-Vault-Token": token } });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function start(): Promise<void> {
  server = await place.serve(["-config=server.hcl"], { GOOGLE_CREDENTIALS: credentials });
}

async function stop(): Promise<void> {
  const { stdout, stderr } = await server.stop();
  logs += stdout + stderr;
}

describe("a server that Cloud KMS unseals", () => {
  test("does not start with a misspelt setting", async () => {
    await writeExample({ crypto_keys: "unseal" });
    const { code, stderr } = await place.run(["server", "-config=server.hcl"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("did you mean crypto_key?") });
    await writeExample();
  });

  test("starts while Cloud KMS is down, and says so when it is initialised", async () => {
    await kms.offline();
    await start();
    const { code, stderr } = await command(["operator", "init"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("nothing listens there") });
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ initialized: false });
    await kms.online();
  });

  test("is not initialised by an account that encrypts and cannot decrypt", async () => {
    kms.deny("cloudkms.cryptoKeyVersions.useToDecrypt");
    const refused = () => command(["operator", "init"]);
    // The connection comes back by itself, within a second.
    await expect.poll(async () => (await refused()).stderr, { timeout: 5_000 }).toContain("useToDecrypt on projects/");
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ initialized: false });
    kms.heal();
  });

  test("is initialised, and unseals by itself with two calls: for the root key and the wrapped keyring", async () => {
    const { code, stdout } = await command(["operator", "init", "-format=json"]);
    expect(code).toBe(0);
    const init = JSON.parse(stdout) as { root_token: string; recovery_keys_b64: string[] };
    [token, recoveryKeys] = [init.root_token, init.recovery_keys_b64];
    expect(await command(["kv", "put", "secret/app", "password=correct-horse"])).toMatchObject({ code: 0 });
    await stop();
    const before = kms.calls.length;
    await start();
    await server.command.until(/unsealed by the auto seal/);
    expect(kms.calls.slice(before)).toEqual(["Decrypt", "Decrypt"]);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ type: "gcpckms", sealed: false });
    expect(await secret()).toBe("correct-horse");
  });

  test("goes on serving while Cloud KMS is away, and a rotation is 503 and changes nothing", async () => {
    await kms.offline();
    const before = (await ask("GET", "sys/key-status")).body;
    const { status, body } = await ask("PUT", "sys/rotate");
    expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining("is not reached")]);
    expect((await ask("GET", "sys/key-status")).body.term).toBe(before.term);
    expect(await secret()).toBe("correct-horse");
  });

  test("started while Cloud KMS is away it waits and says why, and unseals within a pause of its return", async () => {
    await stop();
    await start();
    await server.command.until(/still sealed: .*is not reached: nothing listens there/);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({
      sealed: true,
      unseal_error_code: "SEAL_UNAVAILABLE",
      unseal_error: expect.stringContaining(`localhost:${kms.port}, which has the key ${kms.key}, is not reached`),
    });
    expect((await ask("GET", "sys/health")).status).toBe(503);
    await kms.online();
    await server.command.until(/unsealed by the auto seal/);
    expect(await secret()).toBe("correct-horse");
  });

  test("rotates again, under the newest version of the key, and opens what the old one wrapped", async () => {
    kms.rotateKey();
    const { term } = (await ask("GET", "sys/key-status")).body;
    expect((await ask("PUT", "sys/rotate")).status).toBeLessThan(300);
    expect((await ask("GET", "sys/key-status")).body.term).toBe(Number(term) + 1);
    await stop();
    await start();
    await server.command.until(/unsealed by the auto seal/);
  });

  const heal = () => kms.heal();
  test.each([
    ["disabled", () => kms.disableKey(), () => kms.enableKey(), /still sealed: .*that is needed is disabled/],
    ["denied", () => kms.deny(), heal, /still sealed: .*useToDecrypt on .* is denied/],
    ["throttled", () => kms.throttle(), heal, /still sealed: .*takes no more requests/],
    ["refused by the clock", () => kms.skewClock(7_200_000), heal, /still sealed: .*this machine's clock is off/],
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
    const fixture = `${root}test/fixtures/gcpckms-fakecloudkms/`;
    const { aes256_key_hex } = JSON.parse(await readFile(`${fixture}key.json`, "utf8"));
    kms.importKey(FIXTURE_KEY, { key: Buffer.from(aes256_key_hex, "hex"), id: Buffer.from("88ad7960", "hex") });
    credentials = JSON.stringify(kms.addServiceAccount(ACCOUNT, [{ permissions: ["*"], on: FIXTURE_KEY }]));
    await cp(`${fixture}data`, place.path("openbao"), { recursive: true });
    await writeExample({ project: "p", region: "global", key_ring: "bao", crypto_key: "bao-seal" });
    const config = await readFile(place.path("server.hcl"), "utf8");
    const foreign = config.replace('storage "lmdb"', 'storage "file"').replace("./gcpckms-data", "./openbao");
    await writeFile(place.path("server.hcl"), foreign);
    await start();
    await server.command.until(/unsealed by the auto seal/);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ type: "gcpckms", sealed: false, n: 3 });
    await stop();
  });

  test("shows no token, key or secret in its output", () => {
    const [, inside = ""] = privateKey.split("\n");
    expectNoneIn(logs, [token, "correct-horse", inside, JSON.stringify(privateKey), ...recoveryKeys]);
  });
});
