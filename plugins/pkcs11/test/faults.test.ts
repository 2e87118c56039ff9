// SPDX-License-Identifier: Apache-2.0
/** Everything that an HSM and its library do to their users, on both makes of token, each with what comes of it. */
import { rejectsWithCode } from "@sealwright/testing";
import pkcs11js from "pkcs11js";
import { describe, expect, it, vi } from "vitest";
import { type FaultySeal, faultySeal, KEY, TEXT } from "./support/faulty-seal.ts";
import { MAKES } from "./support/tokens.ts";

/** Resolves when a new process serves: on a busy machine it takes longer to start than the short deadlines of some tests. */
function worksAgain({ works }: FaultySeal): Promise<void> {
  return vi.waitFor(async () => expect(await works()).toBe(true), { timeout: 15_000 });
}

describe.each(MAKES)("on $name", (make) => {
  describe.skipIf(make.missing)("what goes wrong inside the library", () => {
    it("a session lost between calls is reopened, and the call succeeds with one login", async () => {
      const { faulty, works } = await faultySeal(make);
      const [logins, initialised] = [faulty.count("C_Login"), faulty.count("C_Initialize")];
      faulty.dropSession("C_EncryptInit");
      expect(await works()).toBe(true);
      // The only session took the login with it.
      expect([logins.calls, initialised.calls]).toEqual([1, 0]);
    });

    it("all sessions lost are reopened without restarting the library", async () => {
      const { faulty, seal, works } = await faultySeal(make);
      await Promise.all(Array.from({ length: 8 }, () => seal.wrap(TEXT)));
      const initialised = faulty.count("C_Initialize");
      faulty.dropSessions("C_EncryptInit");
      expect(await Promise.all(Array.from({ length: 8 }, works))).toEqual(Array(8).fill(true));
      expect(initialised.calls).toBe(0);
    });

    it("a session lost within an operation is no loss to the caller", async () => {
      const { faulty, works } = await faultySeal(make);
      faulty.dropSession("C_Encrypt");
      faulty.dropSession("C_Decrypt");
      expect(await works()).toBe(true);
    });

    it("a user who was logged out is logged in again", async () => {
      const { faulty, works } = await faultySeal(make);
      const logins = faulty.count("C_Login");
      faulty.logOut("C_EncryptInit");
      expect(await works()).toBe(true);
      expect(logins.calls).toBe(1);
    });

    it("a token that is pulled out is SEAL_UNAVAILABLE, and works again when it is back", async () => {
      const { faulty, seal, blob } = await faultySeal(make);
      faulty.removeToken();
      await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_UNAVAILABLE");
      faulty.restoreToken();
      expect(TEXT.equals(await seal.unwrap(blob))).toBe(true);
    });

    it("CKR_DEVICE_ERROR three times, then well, is no failure to the caller", async () => {
      const { faulty, works } = await faultySeal(make);
      faulty.fail("C_Encrypt", pkcs11js.CKR_DEVICE_ERROR, 3);
      faulty.fail("C_Decrypt", pkcs11js.CKR_DEVICE_ERROR, 3);
      expect(await works()).toBe(true);
    });

    it("CKR_DEVICE_ERROR for good is SEAL_UNAVAILABLE within six attempts, and never a bad ciphertext", async () => {
      const { faulty, seal, blob, works } = await faultySeal(make);
      const attempts = faulty.fail("C_Encrypt", pkcs11js.CKR_DEVICE_ERROR, 0);
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_UNAVAILABLE");
      expect(attempts.calls).toBeLessThanOrEqual(6);
      faulty.fail("C_Decrypt", pkcs11js.CKR_DEVICE_ERROR, 0);
      await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
      faulty.clear();
      expect(await works()).toBe(true);
    });

    it("CKR_CRYPTOKI_NOT_INITIALIZED after idleness has the library started again", async () => {
      const { faulty, works } = await faultySeal(make);
      const initialised = faulty.count("C_Initialize");
      faulty.fail("C_EncryptInit", pkcs11js.CKR_CRYPTOKI_NOT_INITIALIZED, 1);
      expect(await works()).toBe(true);
      expect(initialised.calls).toBe(1);
    });

    it.each([
      ["CKR_USER_ALREADY_LOGGED_IN", "C_Login"],
      ["CKR_CRYPTOKI_ALREADY_INITIALIZED", "C_Initialize"],
    ] as const)("%s is no failure", async (name, fn) => {
      const { faulty, seal, works } = await faultySeal(make);
      faulty.crash("C_EncryptInit");
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_UNAVAILABLE");
      // The answer to a call that was done already: the fault must not keep it from being done.
      const done = faulty.count(fn);
      expect(await works()).toBe(true);
      expect(done.calls).toBe(1);
      faulty.fail(fn, pkcs11js[name], 1);
      faulty.dropSessions("C_EncryptInit");
      if (fn === "C_Initialize") faulty.fail("C_Encrypt", pkcs11js.CKR_CRYPTOKI_NOT_INITIALIZED, 1);
      await seal.wrap(TEXT).catch(() => undefined);
      expect(await works()).toBe(true);
    });

    it("a key deleted and made again under its label is found again, and opens only what is its own", async () => {
      const { hsm, seal, blob, works } = await faultySeal(make);
      await hsm.deleteSecretKey(KEY);
      await hsm.addAesKey(KEY);
      await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
      expect(await works()).toBe(true);
    });

    it("a token with fewer sessions than operations wanted serves them all", async () => {
      const { faulty, seal, logged, works } = await faultySeal(make, { max_parallel: "8" });
      faulty.fail("C_OpenSession", pkcs11js.CKR_SESSION_COUNT, 0);
      await Promise.all(Array.from({ length: 20 }, () => seal.wrap(TEXT)));
      expect(logged.join()).toContain("no more sessions: 1 operations run at a time");
      expect(await works()).toBe(true);
    });

    it("no session at all is SEAL_THROTTLED", async () => {
      const { faulty, seal } = await faultySeal(make);
      faulty.fail("C_OpenSession", pkcs11js.CKR_SESSION_COUNT, 0);
      faulty.dropSessions("C_EncryptInit");
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_THROTTLED");
    });

    it("a library that is broken inside gets a new process", async () => {
      const { faulty, seal, works } = await faultySeal(make);
      const { pid } = seal.status;
      faulty.fail("C_EncryptInit", 0x1a0, 1);
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_UNAVAILABLE");
      expect(await works()).toBe(true);
      expect(seal.status.pid).not.toBe(pid);
    });
  });

  describe.skipIf(make.missing)("a library that crashes or hangs", () => {
    it("with a segmentation fault in C_Encrypt is SEAL_UNAVAILABLE, and the next call succeeds in a new process", async () => {
      const { faulty, seal, works } = await faultySeal(make);
      faulty.crash("C_Encrypt");
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_UNAVAILABLE");
      expect(await works()).toBe(true);
      expect(seal.status.started).toBe(2);
    });

    it.each(["C_Decrypt", "C_OpenSession"])(
      "in %s is SEAL_TIMEOUT at the deadline, and the next call succeeds",
      async (fn) => {
        const token = await faultySeal(make, {}, { deadlineMs: 1_500 });
        const { faulty, seal, blob } = token;
        const hang = faulty.hang(fn);
        if (fn === "C_OpenSession") faulty.dropSessions("C_DecryptInit");
        const began = performance.now();
        await rejectsWithCode(seal.unwrap(blob), "SEAL_TIMEOUT");
        expect(performance.now() - began).toBeLessThan(2_500);
        expect(hang.calls).toBeGreaterThan(0);
        hang.lift();
        await worksAgain(token);
        expect(seal.status.leftBehind).toBe(0);
      },
    );

    it("in C_Finalize holds up neither a close nor a process", async () => {
      const { faulty, seal } = await faultySeal(make);
      const { pid } = seal.status;
      const hang = faulty.hang("C_Finalize");
      const began = performance.now();
      await seal.close();
      expect(hang.calls).toBe(1);
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(() => process.kill(pid ?? 0, 0)).toThrow("ESRCH");
    });

    it("in C_Finalize while the library is restarted is SEAL_TIMEOUT, and the next call gets a new process", async () => {
      const token = await faultySeal(make, {}, { deadlineMs: 1_500 });
      const { faulty, seal } = token;
      const hang = faulty.hang("C_Finalize");
      faulty.fail("C_EncryptInit", pkcs11js.CKR_CRYPTOKI_NOT_INITIALIZED, 1);
      await rejectsWithCode(seal.wrap(TEXT), "SEAL_TIMEOUT");
      hang.lift();
      await worksAgain(token);
    });

    it("for a while in one session does not slow down the others", async () => {
      const { faulty, seal, works } = await faultySeal(make, {}, { deadlineMs: 20_000 });
      const delay = faulty.delay("C_Encrypt", 2_000, { times: 1 });
      const slow = seal.wrap(TEXT);
      await vi.waitFor(() => expect(delay.calls).toBe(1));
      const began = performance.now();
      expect(await Promise.all(Array.from({ length: 50 }, works))).toEqual(Array(50).fill(true));
      expect(performance.now() - began).toBeLessThan(1_500);
      expect(seal.status.underWay).toBe(1);
      expect((await slow).iv).toHaveLength(12);
    });

    it("in a call that was abandoned keeps that call's session busy and no other", async () => {
      const { faulty, seal, works } = await faultySeal(make, { max_parallel: "2" }, { deadlineMs: 20_000 });
      const hang = faulty.hang("C_Encrypt", { times: 1 });
      const controller = new AbortController();
      const abandoned = rejectsWithCode(seal.wrap(TEXT, { signal: controller.signal }), "SEAL_TIMEOUT");
      await vi.waitFor(() => expect(hang.calls).toBe(1));
      controller.abort();
      await abandoned;
      expect(await works()).toBe(true);
      expect(seal.status).toMatchObject({ underWay: 1, started: 1 });
      hang.lift();
      await vi.waitFor(() => expect(seal.status.underWay).toBe(0));
    });
  });

  describe.skipIf(make.missing)("a PIN", () => {
    it("that was changed while in use is tried once and never again, in no process and after no crash", async () => {
      const { hsm, faulty, seal } = await faultySeal(make);
      await hsm.changePin(hsm.pin, "98765432");
      const logins = faulty.count("C_Login");
      // SoftHSM remembers the old PIN until it starts anew.
      faulty.fail("C_EncryptInit", pkcs11js.CKR_CRYPTOKI_NOT_INITIALIZED, 1);
      expect(await rejectsWithCode(seal.wrap(TEXT), "SEAL_DENIED")).toMatchObject({ final: true });
      for (let call = 0; call < 5; call++) await rejectsWithCode(seal.wrap(TEXT), "SEAL_DENIED");
      expect(logins.calls).toBe(1);
      expect(seal.status.started).toBe(1);
    });
  });
});
