// SPDX-License-Identifier: Apache-2.0
/** How devices differ: where they put nonces, what they call keys, how they are named, what they make. */
import { execFileSync } from "node:child_process";
import type { Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import type { GcmNonce } from "@sealwright/testing/faulty-hsm";
import type { TestToken } from "@sealwright/testing/test-token";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { faultySeal, KEY, TEXT } from "./support/faulty-seal.ts";
import { openApart, stanzaFor, withSeal } from "./support/seals.ts";
import { KRYOPTIC, MAKES, SOFTHSM } from "./support/tokens.ts";

describe.skipIf(SOFTHSM.missing)("a device that makes its own GCM nonce", () => {
  it.each<GcmNonce>(["written-back", "appended", "prepended"])("and has it %s opens what it wrapped", async (how) => {
    const { faulty, seal } = await faultySeal(SOFTHSM);
    faulty.gcmNonce(how);
    const blobs = await Promise.all(Array.from({ length: 5 }, () => seal.wrap(TEXT)));
    expect(new Set(blobs.map(({ iv }) => Buffer.from(iv ?? []).toString("hex"))).size).toBe(5);
    // As any other device would, which is given the nonce.
    faulty.gcmNonce("given");
    for (const blob of blobs) {
      expect(blob.ciphertext).toHaveLength(TEXT.length + 16);
      expect(TEXT.equals(await seal.unwrap(blob))).toBe(true);
    }
  });
});

describe.each(MAKES)("on $name", (make) => {
  describe.skipIf(make.missing)("a token", () => {
    let hsm: TestToken;
    beforeEach(async () => {
      hsm = await make.token();
    });
    afterEach(() => hsm.stop());

    /** What `openApart` logs while it wraps once. */
    async function wrapLogging(stanza: Stanza): Promise<string[]> {
      const logged: string[] = [];
      const seal = await openApart(hsm, stanza, (_, message) => logged.push(message));
      await seal.wrap(TEXT).finally(() => seal.close());
      return logged;
    }

    function facts(pattern: RegExp): string {
      const said = execFileSync("pkcs11-tool", ["--module", hsm.lib, "--list-slots"], {
        env: { ...process.env, ...hsm.env },
      });
      return pattern.exec(said.toString())?.[1]?.trim() ?? "";
    }

    it("is found by its serial number, and by its slot with a warning that names the better ways", async () => {
      await hsm.addAesKey(KEY);
      const { token_label: _, ...tokenless } = stanzaFor(hsm);
      const serial = facts(/serial num +: (\w+)/);
      const slot = facts(/\((0x[0-9a-f]+)\)/);
      expect(await wrapLogging({ ...tokenless, key_label: KEY.label, token_serial: serial })).toEqual([]);
      const [warning] = await wrapLogging({ ...tokenless, key_label: KEY.label, slot });
      expect(warning).toContain(`token_serial = "${serial}"`);
    });

    it("with another serial number is SEAL_UNAVAILABLE, and what there is stands in the cause", async () => {
      const stanza = { ...stanzaFor(hsm), key_label: KEY.label, token_serial: "no-such-serial" };
      const error = await withSeal(hsm, stanza, (seal) => rejectsWithCode(seal.wrap(TEXT), "SEAL_UNAVAILABLE"));
      expect(error.message).toContain('with the serial number "no-such-serial"');
      expect(error.cause).toMatchObject({ message: expect.stringContaining(`"${hsm.tokenLabel}" (slot`) });
    });

    it("that gives keys labels of its own is searched by the id, saying so", async () => {
      await hsm.addAesKey({ label: "overwritten", id: "0a" });
      const [warning] = await wrapLogging({ ...stanzaFor(hsm), key_label: "mine", key_id: "0a" });
      expect(warning).toContain("the one with that id is used");
    });

    it.each<[string, Stanza, string]>([
      ["AES", {}, "AES-GCM"],
      ["RSA", { key_type: "CKK_RSA", rsa_oaep_hash: "sha1" }, "RSA-OAEP"],
      ["AES", { mechanism: "CKM_AES_CBC_PAD", hmac_key_label: "new-hmac" }, "AES-CBC"],
    ])("makes the %s key that is asked for, once, and says how (%o, %s)", async (type, over) => {
      const stanza = { ...stanzaFor(hsm), key_label: "new", generate_key: "true", ...over };
      const [made] = await wrapLogging(stanza);
      expect(made).toContain(`made the ${type} key labelled "new"`);
      expect(made).toContain("sensitive, not extractable");
      expect(await wrapLogging(stanza)).toEqual([]);
      await withSeal(hsm, stanza, async (seal) => {
        expect(TEXT.equals(await seal.unwrap(await seal.wrap(TEXT)))).toBe(true);
      });
    });

    it("makes no key to unwrap with, and none without being asked", async () => {
      const blob = { ciphertext: Buffer.alloc(40), keyInfo: { keyId: "gone:" } };
      const stanza = { ...stanzaFor(hsm), key_label: "new" };
      await withSeal(hsm, { ...stanza, generate_key: "true" }, (seal) =>
        rejectsWithCode(seal.unwrap(blob), "SEAL_KEY_MISSING"),
      );
      await withSeal(hsm, stanza, (seal) => rejectsWithCode(seal.wrap(TEXT), "SEAL_KEY_MISSING"));
    });
  });
});

describe.skipIf(KRYOPTIC.missing)("a token that locks", () => {
  it("gets no login with one try left unless the operator insists, and works again afterwards", async () => {
    const hsm = await KRYOPTIC.token();
    try {
      await hsm.addAesKey(KEY);
      const stanza = { ...stanzaFor(hsm), key_label: KEY.label };
      for (let wrong = 0; wrong < 9; wrong++) {
        await withSeal(hsm, { ...stanza, pin: "wrong-pin" }, (seal) => rejectsWithCode(seal.wrap(TEXT), "SEAL_DENIED"));
      }
      await withSeal(hsm, stanza, async (seal) => {
        const error = await rejectsWithCode(seal.wrap(TEXT), "SEAL_DENIED");
        expect(error.message).toContain("none is tried");
        // Nothing was tried, so nothing is spent by asking again.
        for (let call = 0; call < 5; call++) await rejectsWithCode(seal.wrap(TEXT), "SEAL_DENIED");
      });
      await withSeal(hsm, { ...stanza, force_last_try: "true" }, async (seal) => {
        expect((await seal.wrap(TEXT)).iv).toHaveLength(12);
      });
      await withSeal(hsm, stanza, async (seal) => expect((await seal.wrap(TEXT)).iv).toHaveLength(12));
    } finally {
      await hsm.stop();
    }
  });
});
