// SPDX-License-Identifier: Apache-2.0
/**
 * A server with a seal-wrapped keyring and an HSM that takes its time at every encryption: the count is saved where the
 * timeout allows it, nobody waits, a hanging HSM stops no shutdown, and after a kill the count is right.
 */
import { readFile } from "node:fs/promises";
import { type FaultyHsm, faultyHsm } from "@sealwright/testing/faulty-hsm";
import { partMissing } from "@sealwright/testing/parts";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { pkcs11Seal, writeConfig } from "./config.ts";

const TIMEOUT = "VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT";
const DEFAULT_MS = 1_000;
/** What a stop takes beside a save, on a busy machine. */
const STOP_MS = 1_500;
const FIVE_SECONDS = 5_000;
const CKR_DEVICE_ERROR = 0x30;
const REQUESTS = 1_000;
const AT_ONCE = 16;
/** `max_operations` / 256: a ceiling is this far above the count at most. */
const BLOCK = 15_099_494;

/** What the server has saved since it started, as Prometheus reads it. */
interface Saves {
  readonly ended: number;
  readonly seconds: number;
  readonly failures: Readonly<Record<"timeout" | "failed" | "superseded", number>>;
}

describe.skipIf(partMissing("SoftHSM") || partMissing("C compiler"))("a server on a slow HSM", () => {
  let work: Workplace;
  let hsm: SoftHsm;
  let faulty: FaultyHsm;
  let server: ServerProcess;
  let token = "";

  interface Settings {
    /** The longest that one call of the HSM may take. */
    readonly deadline?: string;
    /** Between saves of the count: the default of five minutes, which no test reaches, unless given. */
    readonly interval?: string;
  }

  async function configure({ deadline = "9s", interval }: Settings = {}): Promise<void> {
    const seal = pkcs11Seal({ ...hsm, lib: faulty.lib }, `mechanism = "CKM_AES_GCM"\n  call_deadline = "${deadline}"`);
    const lines = interval === undefined ? "" : `encryption_count_persist_interval = "${interval}"\n`;
    await writeConfig(work, { storage: "file", seal, lines });
  }

  async function serve(env: Readonly<Record<string, string>> = {}): Promise<void> {
    server = await work.serve(["-config=server.hcl"], { ...hsm.env, ...faulty.env, HSM_PIN: hsm.pin, ...env });
  }

  function call(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${server.url}/v1/${path}`, {
      method,
      headers: { "X-Vault-Token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async function status(): Promise<{ term: number; encryptions: number }> {
    const { data } = (await (await call("GET", "sys/key-status")).json()) as { data: never };
    return data;
  }

  async function saves(): Promise<Saves> {
    const text = await (await call("GET", "sys/metrics?format=prometheus")).text();
    const name = "sealwright_encryption_count_persist";
    const read = (series: string): number => Number(new RegExp(`^${name}_${series} (\\S+)$`, "m").exec(text)?.[1]);
    const failures = (reason: string): number => read(`failures_total\\{reason="${reason}"\\}`);
    return {
      ended: read("seconds_count"),
      seconds: read("seconds_sum"),
      failures: { timeout: failures("timeout"), failed: failures("failed"), superseded: failures("superseded") },
    };
  }

  const NO_FAILURES: Saves["failures"] = { timeout: 0, failed: 0, superseded: 0 };

  async function puts(number: number): Promise<void> {
    for (let each = 0; each < number; each++) {
      expect((await call("PUT", `slow/${each}`, { value: "v" })).status).toBe(204);
    }
  }

  /** The keyring's entry as it stands on disk. */
  async function storedKeyring(): Promise<Buffer> {
    const file = JSON.parse(await readFile(work.path("data/core/_keyring"), "utf8")) as { Value: string };
    return Buffer.from(file.Value, "base64");
  }

  /** Stops the server by SIGTERM, and answers how many milliseconds that took. */
  async function stop(): Promise<number> {
    const began = performance.now();
    await server.stop();
    return performance.now() - began;
  }

  beforeEach(async () => {
    work = await Workplace.open();
    hsm = await softHsm();
    await hsm.addAesKey({ label: "unseal-key", id: "01" });
    faulty = await faultyHsm({ forwardTo: hsm.lib });
    await configure();
    token = "";
  });

  afterEach(async () => {
    faulty.clear();
    await work.close();
    await Promise.all([hsm.stop(), faulty.stop()]);
  });

  /** Starts the server, initialises it and makes a mount. */
  async function begin(env?: Readonly<Record<string, string>>): Promise<void> {
    await serve(env);
    token = ((await (await call("PUT", "sys/init", {})).json()) as { root_token: string }).root_token;
    expect((await call("POST", "sys/mounts/slow", { type: "kv" })).status).toBe(204);
  }

  /** Starts the server again, on an HSM without faults. */
  async function restart(): Promise<void> {
    faulty.clear();
    await serve();
    await server.command.until(/unsealed by/);
  }

  async function expectNotBelow(encryptions: number): Promise<void> {
    const after = (await status()).encryptions;
    expect(after).toBeGreaterThanOrEqual(encryptions);
    expect(after).toBeLessThanOrEqual(encryptions + BLOCK);
  }

  test("has its keyring in Vault's seal-wrapped form", async () => {
    await begin();
    const entry = await storedKeyring();
    expect([entry[0], entry.at(-1)]).toEqual([0x0a, "s".charCodeAt(0)]);
    expect(entry.includes("unseal-key")).toBe(true);
  });

  test("that needs five seconds for a save that may take one: a warning names seal, time and variable, and the next save has it all", async () => {
    await configure({ interval: "300ms" });
    await begin();
    const slow = faulty.delay("C_Encrypt", FIVE_SECONDS, { times: 1 });
    await puts(20);
    const [line] = await server.command.until(/^.*the encryption count was not saved.*$/m);
    slow.lift();
    expect(line).toContain("[WARN]");
    expect(line).toContain(`the pkcs11 seal did not wrap the keyring within ${DEFAULT_MS} ms`);
    expect(line).toContain(`raise ${TIMEOUT}`);
    expect(Number(/took_ms=(\d+)/.exec(line)?.[1])).toBeGreaterThanOrEqual(DEFAULT_MS);
    const before = await saves();
    expect(before.failures).toEqual({ ...NO_FAILURES, timeout: 1 });
    await expect.poll(async () => (await saves()).ended, { timeout: 10_000 }).toBeGreaterThan(before.ended);
    expect((await saves()).failures).toEqual(before.failures);
    const { encryptions } = await status();
    await server.stop();
    await restart();
    expect((await status()).encryptions).toBe(encryptions);
  }, 40_000);

  test("that needs five seconds: a stop gives up after the second that is the default and says so, and the ceiling keeps the count", async () => {
    await begin();
    await puts(20);
    const { encryptions } = await status();
    faulty.delay("C_Encrypt", FIVE_SECONDS);
    expect(await stop()).toBeLessThan(DEFAULT_MS + STOP_MS);
    expect(server.output).toMatch(/was not saved: the pkcs11 seal did not wrap the keyring within 1000 ms/);
    expect(server.output).toMatch(/The next start counts from a ceiling above it/);
    expect(server.output).toContain(TIMEOUT);
    await restart();
    await expectNotBelow(encryptions);
  }, 40_000);

  test("that needs five seconds for a save that may take eight: it succeeds, and after SIGKILL the count is right", async () => {
    await configure({ interval: "300ms" });
    await begin({ [TIMEOUT]: "8s" });
    await expect.poll(async () => (await saves()).ended).toBeGreaterThan(0);
    const before = await storedKeyring();
    faulty.delay("C_Encrypt", FIVE_SECONDS);
    await puts(10);
    await expect.poll(async () => (await saves()).seconds, { timeout: 10_000 }).toBeGreaterThan(FIVE_SECONDS / 1000);
    expect((await saves()).failures).toEqual(NO_FAILURES);
    const { encryptions } = await status();
    await server.stop("SIGKILL");
    expect(await storedKeyring()).not.toEqual(before);
    await restart();
    await expectNotBelow(encryptions);
  }, 40_000);

  test("that needs longer than the default is no matter to a stop where the variable allows it: the count is exact", async () => {
    await begin({ [TIMEOUT]: "8s" });
    await puts(20);
    const { encryptions } = await status();
    faulty.delay("C_Encrypt", 1_500);
    await server.stop();
    expect(server.output).not.toMatch(/was not saved/);
    await restart();
    expect((await status()).encryptions).toBe(encryptions);
  }, 40_000);

  test(`${REQUESTS} puts and gets complete while the HSM holds a save`, async () => {
    await configure({ deadline: "60s", interval: "300ms" });
    await begin({ [TIMEOUT]: "60s" });
    const hang = faulty.hang("C_Encrypt");
    await puts(1);
    await expect.poll(() => hang.calls).toBe(1);
    const before = await saves();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < REQUESTS) {
        const path = `slow/${next++}`;
        expect((await call("PUT", path, { value: path })).status).toBe(204);
        const read = (await (await call("GET", path)).json()) as { data: { value: string } };
        expect(read.data.value).toBe(path);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(await saves()).toEqual(before);
    hang.lift();
    await expect.poll(async () => (await saves()).ended).toBeGreaterThan(before.ended);
    expect((await saves()).failures).toEqual(NO_FAILURES);
  }, 60_000);

  test("that hangs for ever: rotate answers that the seal timed out, the old key stays, and a stop takes no longer than the timeout", async () => {
    await configure({ deadline: "800ms" });
    const [variable, timeout] = ["BAO_ENCRYPTION_COUNT_PERSIST_TIMEOUT", 500] as const;
    await begin({ [variable]: `${timeout}ms`, [TIMEOUT]: "60s" });
    faulty.hang("C_Encrypt");
    const rotated = await call("PUT", "sys/rotate");
    const { errors } = (await rotated.json()) as { errors: string[] };
    expect([rotated.status, errors.join()]).toEqual([503, expect.stringMatching(/pkcs11 seal.*within 800 ms/)]);
    expect((await status()).term).toBe(1);
    await puts(3);
    const { encryptions } = await status();
    expect(await stop()).toBeLessThan(timeout + STOP_MS);
    expect(server.output).toMatch(/the encryption count was not saved: the pkcs11 seal did not .* within 500 ms/);
    expect(server.output).toContain(`raise ${variable}`);
    await restart();
    expect((await status()).term).toBe(1);
    await expectNotBelow(encryptions);
  }, 40_000);

  test("that fails in a rewrap: the entries that failed are counted, stay readable, and are done when it is back", async () => {
    await configure({ interval: "300ms" });
    await begin();
    const before = await storedKeyring();
    faulty.fail("C_Encrypt", CKR_DEVICE_ERROR, 0);
    expect((await call("POST", "sys/sealwrap/rewrap")).status).toBe(204);
    await server.command.until(/core\/root-key was not rewrapped, stays readable as it is, and is tried again: /);
    await server.command.until(/rewrapped the entries .*succeeded=0 failed=2/);
    expect(await storedKeyring()).toEqual(before);
    faulty.clear();
    await server.command.until(/rewrapped the entries .*succeeded=2 failed=0/);
    expect(await storedKeyring()).not.toEqual(before);
    expect(await (await call("GET", "sys/sealwrap/rewrap")).json()).toMatchObject({
      data: { is_running: false, entries: { processed: 2, succeeded: 2, failed: 0 } },
    });
  }, 40_000);

  test("and is killed in the middle of a rewrap: the next start goes on with it", async () => {
    await begin();
    const hang = faulty.hang("C_Encrypt");
    const before = await storedKeyring();
    expect((await call("POST", "sys/sealwrap/rewrap")).status).toBe(204);
    await expect.poll(() => hang.calls).toBe(1);
    expect((await call("POST", "sys/sealwrap/rewrap")).status).toBe(200);
    expect(await (await call("GET", "sys/sealwrap/rewrap")).json()).toMatchObject({
      data: { is_running: true, entries: { processed: 0, succeeded: 0, failed: 0 } },
    });
    await server.stop("SIGKILL");
    await restart();
    await server.command.until(/rewrapped the entries/);
    expect(await storedKeyring()).not.toEqual(before);
    expect(await (await call("GET", "sys/sealwrap/rewrap")).json()).toMatchObject({
      data: { is_running: false, entries: { processed: 2, succeeded: 2, failed: 0 } },
    });
  }, 40_000);
});
