// SPDX-License-Identifier: Apache-2.0
/**
 * A server with a seal-wrapped keyring and an HSM that takes its time at every encryption: the count is saved where the
 * timeout allows it, nobody waits, a hanging HSM stops no shutdown, and after a kill the count is right.
 */
import { partMissing } from "@sealwright/testing/parts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FaultyHsmServer, type Saves } from "./faulty-hsm-server.ts";

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
const NO_FAILURES: Saves["failures"] = { timeout: 0, failed: 0, superseded: 0 };

describe.skipIf(partMissing("SoftHSM") || partMissing("C compiler"))("a server on a slow HSM", () => {
  let server: FaultyHsmServer;

  beforeEach(async () => {
    server = await FaultyHsmServer.open();
  });

  afterEach(() => server.close());

  async function expectNotBelow(encryptions: number): Promise<void> {
    const after = (await server.keyStatus()).encryptions;
    expect(after).toBeGreaterThanOrEqual(encryptions);
    expect(after).toBeLessThanOrEqual(encryptions + BLOCK);
  }

  test("has its keyring in Vault's seal-wrapped form", async () => {
    await server.begin();
    const entry = await server.storedKeyring();
    expect([entry[0], entry.at(-1)]).toEqual([0x0a, "s".charCodeAt(0)]);
    expect(entry.includes("unseal-key")).toBe(true);
  });

  test("that needs five seconds for a save that may take one: a warning names seal, time and variable, and the next save has it all", async () => {
    await server.begin({ interval: "300ms" });
    const slow = server.faulty.delay("C_Encrypt", FIVE_SECONDS, { times: 1 });
    await server.puts(20);
    const [line] = await server.until(/^.*the encryption count was not saved.*$/m);
    slow.lift();
    expect(line).toContain("[WARN]");
    expect(line).toContain(`the pkcs11 seal did not wrap the keyring within ${DEFAULT_MS} ms`);
    expect(line).toContain(`raise ${TIMEOUT}`);
    expect(Number(/took_ms=(\d+)/.exec(line)?.[1])).toBeGreaterThanOrEqual(DEFAULT_MS);
    const before = await server.saves();
    expect(before.failures).toEqual({ ...NO_FAILURES, timeout: 1 });
    await expect.poll(async () => (await server.saves()).ended, { timeout: 10_000 }).toBeGreaterThan(before.ended);
    expect((await server.saves()).failures).toEqual(before.failures);
    const { encryptions } = await server.keyStatus();
    await server.stop();
    await server.restart();
    expect((await server.keyStatus()).encryptions).toBe(encryptions);
  }, 40_000);

  test("that needs five seconds: a stop gives up after the second that is the default and says so, and the ceiling keeps the count", async () => {
    await server.begin();
    await server.puts(20);
    const { encryptions } = await server.keyStatus();
    server.faulty.delay("C_Encrypt", FIVE_SECONDS);
    expect(await server.stop()).toBeLessThan(DEFAULT_MS + STOP_MS);
    expect(server.output).toMatch(/was not saved: the pkcs11 seal did not wrap the keyring within 1000 ms/);
    expect(server.output).toMatch(/The next start counts from a ceiling above it/);
    expect(server.output).toContain(TIMEOUT);
    await server.restart();
    await expectNotBelow(encryptions);
  }, 40_000);

  test("that needs five seconds for a save that may take eight: it succeeds, and after SIGKILL the count is right", async () => {
    await server.begin({ interval: "300ms" }, { [TIMEOUT]: "8s" });
    await expect.poll(async () => (await server.saves()).ended).toBeGreaterThan(0);
    const before = await server.storedKeyring();
    server.faulty.delay("C_Encrypt", FIVE_SECONDS);
    await server.puts(10);
    await expect
      .poll(async () => (await server.saves()).seconds, { timeout: 10_000 })
      .toBeGreaterThan(FIVE_SECONDS / 1000);
    expect((await server.saves()).failures).toEqual(NO_FAILURES);
    const { encryptions } = await server.keyStatus();
    await server.stop("SIGKILL");
    expect(await server.storedKeyring()).not.toEqual(before);
    await server.restart();
    await expectNotBelow(encryptions);
  }, 40_000);

  test("that needs longer than the default is no matter to a stop where the variable allows it: the count is exact", async () => {
    await server.begin({}, { [TIMEOUT]: "8s" });
    await server.puts(20);
    const { encryptions } = await server.keyStatus();
    server.faulty.delay("C_Encrypt", 1_500);
    await server.stop();
    expect(server.output).not.toMatch(/was not saved/);
    await server.restart();
    expect((await server.keyStatus()).encryptions).toBe(encryptions);
  }, 40_000);

  test(`${REQUESTS} puts and gets complete while the HSM holds a save`, async () => {
    await server.begin({ deadline: "60s", interval: "300ms" }, { [TIMEOUT]: "60s" });
    const hang = server.faulty.hang("C_Encrypt");
    await server.puts(1);
    await expect.poll(() => hang.calls).toBe(1);
    const before = await server.saves();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < REQUESTS) {
        const path = `slow/${next++}`;
        expect((await server.call("PUT", path, { value: path })).status).toBe(204);
        const read = (await (await server.call("GET", path)).json()) as { data: { value: string } };
        expect(read.data.value).toBe(path);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(await server.saves()).toEqual(before);
    hang.lift();
    await expect.poll(async () => (await server.saves()).ended).toBeGreaterThan(before.ended);
    expect((await server.saves()).failures).toEqual(NO_FAILURES);
  }, 60_000);

  test("that hangs for ever: rotate answers that the seal timed out, the old key stays, and a stop takes no longer than the timeout", async () => {
    const [variable, timeout] = ["BAO_ENCRYPTION_COUNT_PERSIST_TIMEOUT", 500] as const;
    await server.begin({ deadline: "800ms" }, { [variable]: `${timeout}ms`, [TIMEOUT]: "60s" });
    server.faulty.hang("C_Encrypt");
    const rotated = await server.call("PUT", "sys/rotate");
    const { errors } = (await rotated.json()) as { errors: string[] };
    expect([rotated.status, errors.join()]).toEqual([503, expect.stringMatching(/pkcs11 seal.*within 800 ms/)]);
    expect((await server.keyStatus()).term).toBe(1);
    await server.puts(3);
    const { encryptions } = await server.keyStatus();
    expect(await server.stop()).toBeLessThan(timeout + STOP_MS);
    expect(server.output).toMatch(/the encryption count was not saved: the pkcs11 seal did not .* within 500 ms/);
    expect(server.output).toContain(`raise ${variable}`);
    await server.restart();
    expect((await server.keyStatus()).term).toBe(1);
    await expectNotBelow(encryptions);
  }, 40_000);

  test("that fails in a rewrap: the entries that failed are counted, stay readable, and are done when it is back", async () => {
    await server.begin({ interval: "300ms" });
    const before = await server.storedKeyring();
    server.faulty.fail("C_Encrypt", CKR_DEVICE_ERROR, 0);
    expect((await server.call("POST", "sys/sealwrap/rewrap")).status).toBe(204);
    await server.until(/core\/root-key was not rewrapped, stays readable as it is, and is tried again: /);
    await server.until(/rewrapped the entries .*succeeded=0 failed=2/);
    expect(await server.storedKeyring()).toEqual(before);
    server.faulty.clear();
    await server.until(/rewrapped the entries .*succeeded=2 failed=0/);
    expect(await server.storedKeyring()).not.toEqual(before);
    expect(await server.rewrap()).toMatchObject({
      is_running: false,
      entries: { processed: 2, succeeded: 2, failed: 0 },
    });
  }, 40_000);

  test("and is killed in the middle of a rewrap: the next start goes on with it", async () => {
    await server.begin();
    const hang = server.faulty.hang("C_Encrypt");
    const before = await server.storedKeyring();
    expect((await server.call("POST", "sys/sealwrap/rewrap")).status).toBe(204);
    await expect.poll(() => hang.calls).toBe(1);
    expect((await server.call("POST", "sys/sealwrap/rewrap")).status).toBe(200);
    expect(await server.rewrap()).toMatchObject({
      is_running: true,
      entries: { processed: 0, succeeded: 0, failed: 0 },
    });
    await server.stop("SIGKILL");
    await server.restart();
    await server.until(/rewrapped the entries/);
    expect(await server.storedKeyring()).not.toEqual(before);
    expect(await server.rewrap()).toMatchObject({
      is_running: false,
      entries: { processed: 2, succeeded: 2, failed: 0 },
    });
  }, 40_000);
});
