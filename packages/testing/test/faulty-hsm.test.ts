// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FaultyHsm, faultyHsm } from "../src/faulty-hsm.ts";
import { partMissing } from "../src/parts.ts";
import { type SoftHsm, softHsm } from "../src/softhsm.ts";

const run = promisify(execFile);

describe.skipIf(partMissing("SoftHSM") || partMissing("C compiler"))("the faulty HSM", () => {
  let hsm: SoftHsm;
  let faulty: FaultyHsm;
  beforeEach(async () => {
    hsm = await softHsm();
    faulty = await faultyHsm({ forwardTo: hsm.lib });
  });
  afterEach(async () => {
    faulty.clear();
    await Promise.all([hsm.stop(), faulty.stop()]);
  });

  /** What pkcs11-tool says through the faulty module, and how long it took in milliseconds. */
  async function tool(...args: string[]): Promise<{ said: string; ms: number }> {
    const env = { ...process.env, ...hsm.env, ...faulty.env };
    const began = performance.now();
    const { stdout, stderr } = await run("pkcs11-tool", ["--module", faulty.lib, ...args], { env }).catch(
      (error: { stdout: string; stderr: string; signal: string | null }) => ({
        stdout: error.stdout,
        stderr: `${error.stderr} ${error.signal}`,
      }),
    );
    return { said: stdout + stderr, ms: performance.now() - began };
  }
  const login = (): Promise<{ said: string; ms: number }> =>
    tool("--token-label", hsm.tokenLabel, "--login", "--pin", hsm.pin, "--list-objects");
  const keygen = (): Promise<{ said: string; ms: number }> =>
    tool("--token-label", hsm.tokenLabel, "--login", "--pin", hsm.pin, "--keygen", "--key-type", "AES:32", "--private");

  it("without a fault is as good as the module behind it", async () => {
    expect((await tool("--list-token-slots")).said).toContain(`token label        : ${hsm.tokenLabel}`);
    expect((await keygen()).said).toContain("AES length 32");
  });

  it("fails a function with a code, as often as it is told", async () => {
    const fault = faulty.fail("C_Login", 0x30, 1);
    expect((await login()).said).toContain("CKR_DEVICE_ERROR");
    expect((await login()).said).not.toContain("CKR_DEVICE_ERROR");
    expect(fault.calls).toBe(2);
  });

  it("fails each n-th call only, and counts over processes", async () => {
    faulty.fail("C_Login", 0x31, 0, 2);
    const said = [await login(), await login(), await login(), await login()].map((each) => each.said);
    expect(said.map((text) => text.includes("CKR_DEVICE_MEMORY"))).toEqual([false, true, false, true]);
  });

  it("delays a function, and lets go of one that hangs when the fault is lifted", async () => {
    faulty.delay("C_Login", 300);
    expect((await login()).ms).toBeGreaterThan(300);
    faulty.clear();
    const hang = faulty.hang("C_OpenSession");
    const hanging = login();
    await vi.waitFor(() => expect(hang.calls).toBeGreaterThan(0));
    hang.lift();
    expect((await hanging).said).not.toContain("error");
  });

  it("crashes the process, once", async () => {
    faulty.crash("C_Login");
    expect((await login()).said).toContain("SIGSEGV");
    expect((await login()).said).not.toContain("SIGSEGV");
  });

  it("shows no token while it is removed, and ends the sessions of one that is pulled out", async () => {
    faulty.removeToken();
    expect((await tool("--list-token-slots")).said).not.toContain(hsm.tokenLabel);
    faulty.restoreToken();
    expect((await tool("--list-token-slots")).said).toContain(hsm.tokenLabel);
  });

  it.each(["dropSession", "dropSessions"] as const)("loses the session: %s", async (drop) => {
    faulty[drop]("C_GenerateKey");
    expect((await keygen()).said).toContain("CKR_SESSION_HANDLE_INVALID");
  });

  it("logs the user out", async () => {
    faulty.logOut("C_GenerateKey");
    expect((await keygen()).said).toContain("CKR_USER_NOT_LOGGED_IN");
  });

  it("without a compiler says what to install", async () => {
    vi.stubEnv("CC", "/no/such/compiler");
    const cache = mkdtempSync(join(tmpdir(), "sealwright-cache-"));
    vi.stubEnv("SEALWRIGHT_CACHE", cache);
    try {
      await expect(faultyHsm({ forwardTo: hsm.lib })).rejects.toThrow("a C compiler is needed (apt install gcc");
    } finally {
      vi.unstubAllEnvs();
      rmSync(cache, { recursive: true });
    }
  });
});
