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
const REQUESTS = 1_000;
const AT_ONCE = 16;
/** `max_operations` / 256: a ceiling is this far above the count at most. */
const BLOCK = 15_099_494;

describe.skipIf(partMissing("SoftHSM") || partMissing("C compiler"))("a server on a slow HSM", () => {
  let work: Workplace;
  let hsm: SoftHsm;
  let faulty: FaultyHsm;
  let server: ServerProcess;
  let token = "";

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

  async function puts(number: number): Promise<void> {
    for (let each = 0; each < number; each++) {
      expect((await call("PUT", `slow/${each}`, { value: "v" })).status).toBe(204);
    }
  }

  beforeEach(async () => {
    work = await Workplace.open();
    hsm = await softHsm();
    await hsm.addAesKey({ label: "unseal-key", id: "01" });
    faulty = await faultyHsm({ forwardTo: hsm.lib });
    const seal = pkcs11Seal({ ...hsm, lib: faulty.lib }, 'mechanism = "CKM_AES_GCM"\n  call_deadline = "9s"');
    await writeConfig(work, { storage: "file", seal });
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

  async function restart(): Promise<void> {
    faulty.clear();
    await serve();
    await server.command.until(/unsealed by/);
  }

  test("has its keyring in Vault's seal-wrapped form", async () => {
    await begin();
    const file = JSON.parse(await readFile(work.path("data/core/_keyring"), "utf8")) as { Value: string };
    const entry = Buffer.from(file.Value, "base64");
    expect([entry[0], entry.at(-1)]).toEqual([0x0a, "s".charCodeAt(0)]);
    expect(entry.includes("unseal-key")).toBe(true);
  });

  test("that needs five seconds: stopping gives up after the second that is the default, says which variable to raise, and the ceiling keeps the count", async () => {
    await begin();
    await puts(20);
    const { encryptions } = await status();
    faulty.delay("C_Encrypt", 5_000);
    const began = performance.now();
    await server.stop();
    // A second for the save; what else a stop does needs no HSM.
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(server.output).toMatch(/was not saved: the pkcs11 seal did not wrap the keyring within 1000 ms/);
    expect(server.output).toContain(TIMEOUT);
    await restart();
    const after = (await status()).encryptions;
    expect(after).toBeGreaterThanOrEqual(encryptions);
    expect(after).toBeLessThanOrEqual(encryptions + BLOCK);
  }, 40_000);

  test("that needs longer than the default is no matter where the variable allows it: the count is exact", async () => {
    await begin({ [TIMEOUT]: "8s" });
    await puts(20);
    const { encryptions } = await status();
    faulty.delay("C_Encrypt", 1_500);
    await server.stop();
    expect(server.output).not.toMatch(/was not saved/);
    await restart();
    expect((await status()).encryptions).toBe(encryptions);
  }, 40_000);

  test("and a save that succeeded is there after SIGKILL: never below what was done, a block above at most", async () => {
    await begin({ [TIMEOUT]: "8s" });
    await puts(10);
    const held = faulty.delay("C_Encrypt", 500);
    // A rewrap saves the count with the keyring.
    expect((await call("POST", "sys/sealwrap/rewrap")).status).toBe(204);
    await server.command.until(/rewrapped the entries/);
    expect(held.calls).toBeGreaterThan(1);
    const { encryptions } = await status();
    await server.stop("SIGKILL");
    await restart();
    const after = (await status()).encryptions;
    expect(after).toBeGreaterThanOrEqual(encryptions);
    expect(after).toBeLessThanOrEqual(encryptions + BLOCK);
  }, 40_000);

  test(`${REQUESTS} puts and gets complete while the HSM holds the keyring`, async () => {
    await begin();
    const hang = faulty.hang("C_Encrypt");
    expect((await call("POST", "sys/sealwrap/rewrap")).status).toBe(204);
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
    const shown = (await (await call("GET", "sys/sealwrap/rewrap")).json()) as { data: object };
    expect(shown.data).toEqual({ is_running: true, entries: { processed: 0, succeeded: 0, failed: 0 } });
    expect((await call("POST", "sys/sealwrap/rewrap")).status).toBe(200);
    hang.lift();
    await server.command.until(/rewrapped the entries/);
  }, 60_000);

  test("that hangs for ever: rotate answers that the seal timed out, the old key stays, and a stop takes no longer than the timeout", async () => {
    const seal = pkcs11Seal({ ...hsm, lib: faulty.lib }, 'mechanism = "CKM_AES_GCM"\n  call_deadline = "800ms"');
    await writeConfig(work, { storage: "file", seal });
    await begin({ [TIMEOUT]: "300ms" });
    faulty.hang("C_Encrypt");
    const rotated = await call("PUT", "sys/rotate");
    expect(rotated.status).toBeGreaterThanOrEqual(500);
    expect(((await rotated.json()) as { errors: string[] }).errors.join()).toMatch(/pkcs11.*(deadline|in time|800)/);
    expect((await status()).term).toBe(1);
    await puts(3);
    const began = performance.now();
    await server.stop();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(server.output).toMatch(/the encryption count was not saved/);
    await restart();
    expect((await status()).term).toBe(1);
  }, 40_000);
});
