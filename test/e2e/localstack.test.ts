// SPDX-License-Identifier: Apache-2.0
/**
 * A server that AWS KMS unseals, set up as localstack/README.md says: the script, the configuration, and KMS going
 * away.
 */
import { spawnSync } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunningCommand, type ServerProcess, Workplace } from "../support/command.ts";
import { freePort } from "../support/free-port.ts";
import { expectNoneIn } from "./expectations.ts";

/** LocalStack takes three seconds of a processor to start, which others may want too. */
const KMS_PATIENCE_MS = 55_000;
const root = fileURLToPath(new URL("../../", import.meta.url));

describe.skipIf(partMissing("LocalStack"))("a server with the configuration of localstack/", () => {
  let place: Workplace;
  let kmsPort: number;
  let kms: RunningCommand | undefined;
  let server: ServerProcess;
  let token = "";
  let recoveryKeys: string[] = [];
  let logs = "";

  /** `localstack/run.sh`, until it says that the key is there. */
  const startKms = async (): Promise<void> => {
    const env = { HOME: process.env.HOME ?? "", SEALWRIGHT_CACHE: process.env.SEALWRIGHT_CACHE ?? "" };
    const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
    kms = new RunningCommand([String(kmsPort)], { cwd: place.folder, env: set, program: `${root}localstack/run.sh` });
    await kms.until(/alias\/sealwright/, KMS_PATIENCE_MS);
  };
  const stopKms = async (): Promise<void> => {
    kms?.child.kill("SIGTERM");
    await kms?.finished;
    kms = undefined;
  };
  const command = (args: readonly string[]) => place.run(args, { VAULT_ADDR: server.url, VAULT_TOKEN: token });
  const ask = async (
    method: string,
    path: string,
    input?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${server.url}/v1/${path}`, {
      method,
      headers: { "X-Vault-Token": token },
      ...(input === undefined ? {} : { body: JSON.stringify(input) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
  const start = async (): Promise<void> => {
    server = await place.serve(["-config=sealwright.hcl"]);
  };
  const stop = async (): Promise<void> => {
    const { stdout, stderr } = await server.stop();
    logs += stdout + stderr;
  };
  const secret = async () => (await command(["kv", "get", "-field=password", "secret/app"])).stdout.trim();

  beforeAll(async () => {
    place = await Workplace.open();
    kmsPort = await freePort();
    const config = await readFile(`${root}localstack/sealwright.hcl`, "utf8");
    const local = config.replace("127.0.0.1:4566", `127.0.0.1:${kmsPort}`).replace("127.0.0.1:8200", "127.0.0.1:0");
    await writeFile(place.path("sealwright.hcl"), local);
    await startKms();
  });
  afterAll(async () => {
    await Promise.all([place?.close(), stopKms()]);
  });

  test("is initialised, and unseals by itself when it starts again", async () => {
    await start();
    const { code, stdout } = await command(["operator", "init", "-format=json"]);
    expect(code).toBe(0);
    const init = JSON.parse(stdout) as { root_token: string; recovery_keys_b64: string[] };
    [token, recoveryKeys] = [init.root_token, init.recovery_keys_b64];
    expect(await command(["kv", "put", "secret/app", "password=correct-horse"])).toMatchObject({ code: 0 });
    await stop();
    await start();
    await server.command.until(/unsealed by the auto seal/);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ type: "awskms", sealed: false });
    expect(await secret()).toBe("correct-horse");
  });

  test("goes on serving while KMS is away, and a rotation is 503 and changes nothing", async () => {
    await stopKms();
    const before = (await ask("GET", "sys/key-status")).body;
    const { status, body } = await ask("PUT", "sys/rotate");
    expect(status).toBe(503);
    expect(JSON.stringify(body)).toContain("is not reached: nothing listens there");
    expect((await ask("GET", "sys/key-status")).body.term).toBe(before.term);
    expect(await secret()).toBe("correct-horse");
    expect(await command(["kv", "put", "secret/meanwhile", "password=battery"])).toMatchObject({ code: 0 });
  });

  test("refuses new recovery keys with 503 while KMS is away, and the old ones stay", async () => {
    const shares = { secret_shares: 1, secret_threshold: 1 };
    const { nonce } = (await ask("PUT", "sys/rekey-recovery-key/init", shares)).body;
    const submit = (key = "") => ask("PUT", "sys/rekey-recovery-key/update", { nonce, key });
    const [first, second, third] = recoveryKeys;
    expect([(await submit(first)).status, (await submit(second)).status]).toEqual([200, 200]);
    const last = await submit(third);
    expect([last.status, JSON.stringify(last.body)]).toEqual([503, expect.stringContaining("nothing listens there")]);
    await ask("DELETE", "sys/rekey-recovery-key/init");
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ n: 5, t: 3 });
  });

  test("started while KMS is away it waits and says why, and unseals within a pause of its return", async () => {
    await stop();
    await start();
    await server.command.until(/still sealed: AWS KMS at .*is not reached: nothing listens there/);
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({
      sealed: true,
      unseal_error_code: "SEAL_UNAVAILABLE",
      unseal_error: expect.stringContaining(`http://127.0.0.1:${kmsPort} (us-east-1), which has the key`),
    });
    expect((await ask("GET", "sys/health")).status).toBe(503);
    await startKms();
    await server.command.until(/unsealed by the auto seal/);
    expect(await secret()).toBe("correct-horse");
  }, 90_000);

  test("rotates again once KMS is back", async () => {
    const { term } = (await ask("GET", "sys/key-status")).body;
    expect((await ask("PUT", "sys/rotate")).status).toBeLessThan(300);
    expect((await ask("GET", "sys/key-status")).body.term).toBe(Number(term) + 1);
  });

  test("says that the key is disabled, by the page's own command, and unseals when it is enabled", async () => {
    const page = await readFile(`${root}localstack/README.md`, "utf8");
    const [, script = ""] = /## See it fail\n\n```sh\n([^`]+)```/.exec(page) ?? [];
    const [define = ""] = /^kms\(\) \{\n[^}]*^}$/m.exec(script) ?? [];
    const administer = (operation: string): void => {
      const [line = ""] = new RegExp(`^kms ${operation} .*$`, "m").exec(script) ?? [];
      const { status, stdout } = spawnSync("sh", ["-ec", `${define}\n${line}`.replaceAll("4566", String(kmsPort))]);
      expect([status, String(stdout)]).toEqual([0, expect.not.stringContaining("__type")]);
    };
    await stop();
    administer("DisableKey");
    await start();
    await server.command.until(/still sealed: the key arn:\S+ of AWS KMS at \S+ \(us-east-1\) is disabled/);
    administer("EnableKey");
    await server.command.until(/unsealed by the auto seal/);
  });

  test("serves a directory that OpenBao wrote with the same key", async () => {
    await stop();
    await cp(`${root}test/fixtures/awskms-localstack/data`, place.path("openbao"), { recursive: true });
    const config = await readFile(place.path("sealwright.hcl"), "utf8");
    const foreign = config.replace('storage "lmdb"', 'storage "file"').replace("./localstack-data", "./openbao");
    await writeFile(place.path("sealwright.hcl"), foreign);
    await start();
    await server.command.until(/unsealed by the auto seal/);
    const init = await readFile(`${root}test/fixtures/awskms-localstack/init.json`, "utf8");
    token = (JSON.parse(init) as { root_token: string }).root_token;
    expect((await ask("GET", "sys/seal-status")).body).toMatchObject({ type: "awskms", sealed: false, n: 3, t: 2 });
    await stop();
  });

  test("shows no token, key or secret in its output", () => {
    expectNoneIn(logs, [token, "correct-horse", ...recoveryKeys]);
  });
});
