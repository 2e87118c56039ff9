// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import {
  decodeBlob,
  encrypt,
  NO_AAD,
  nonceApart,
  nonceInFront,
  openAead,
  openEnvelope,
  SealError,
  type SealedBlob,
  sealEnvelope,
} from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { blobVectors, bytes, hex } from "../../../test/support/vectors.ts";

const key = randomBytes(32);
const plaintext = bytes("00112233");
const aad = bytes("aa");

/** A backend that hides data keys by keeping them: the wrapped key is a ticket. */
function vault() {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    async wrapKey(dataKey: Uint8Array) {
      const ticket = randomBytes(8);
      kept.set(hex(ticket), Uint8Array.from(dataKey));
      return { keyId: "backend-key", mechanism: 1, wrappedKey: ticket };
    },
    async unwrapKey(wrappedKey: Uint8Array) {
      return Uint8Array.from(kept.get(hex(wrappedKey)) ?? new Uint8Array(32));
    },
  };
}

describe("openAead refuses with SEAL_BAD_CIPHERTEXT", () => {
  const sealed = encrypt(key, plaintext, NO_AAD);

  for (const ivBytes of [1, 11, 13, 16]) {
    it(`an iv of ${ivBytes} bytes, even where iv and ciphertext together would open`, async () => {
      const blob = { iv: sealed.subarray(0, ivBytes), ciphertext: sealed.subarray(ivBytes) };
      await rejectsWithCode(() => openAead(key, blob), "SEAL_BAD_CIPHERTEXT");
    });
  }

  it("another key, other additional data, an empty ciphertext, and a ciphertext without its iv", async () => {
    const blob = nonceApart(sealed);
    await rejectsWithCode(() => openAead(randomBytes(32), blob), "SEAL_BAD_CIPHERTEXT");
    await rejectsWithCode(() => openAead(key, blob, aad), "SEAL_BAD_CIPHERTEXT");
    await rejectsWithCode(() => openAead(key, { ciphertext: new Uint8Array() }), "SEAL_BAD_CIPHERTEXT");
    await rejectsWithCode(() => openAead(key, { ciphertext: blob.ciphertext }), "SEAL_BAD_CIPHERTEXT");
  });

  it("but lets a key of the wrong length through as the RangeError that it is", () => {
    expect(() => openAead(new Uint8Array(16), nonceApart(sealed))).toThrow(RangeError);
  });
});

describe("openEnvelope", () => {
  const never = async (): Promise<Uint8Array> => {
    throw new Error("the backend must not be asked");
  };

  it("refuses a blob without key info, without wrapped key, and with an empty one, asking no backend", async () => {
    const ciphertext = new Uint8Array(40);
    const blobs: SealedBlob[] = [
      { ciphertext },
      { ciphertext, keyInfo: { keyId: "k" } },
      { ciphertext, keyInfo: { keyId: "k", wrappedKey: new Uint8Array() } },
    ];
    for (const blob of blobs) await rejectsWithCode(openEnvelope(blob, NO_AAD, never), "SEAL_BAD_CIPHERTEXT");
  });

  it("refuses a data key that is not 32 bytes, and wipes it", async () => {
    const blob = await sealEnvelope(plaintext, NO_AAD, vault().wrapKey);
    const short = randomBytes(16);
    await rejectsWithCode(
      openEnvelope(blob, NO_AAD, async () => short),
      "SEAL_BAD_CIPHERTEXT",
    );
    expect(hex(short)).toBe("00".repeat(16));
  });

  it("refuses an altered ciphertext, an altered wrapped key and other additional data", async () => {
    const backend = vault();
    const blob = await sealEnvelope(plaintext, aad, backend.wrapKey);
    const keyInfo = { keyId: "backend-key", wrappedKey: randomBytes(8) };
    const ciphertext = Uint8Array.from(blob.ciphertext, (byte, index) => (index === 0 ? byte ^ 1 : byte));
    await rejectsWithCode(openEnvelope({ ...blob, ciphertext }, aad, backend.unwrapKey), "SEAL_BAD_CIPHERTEXT");
    await rejectsWithCode(openEnvelope({ ...blob, keyInfo }, aad, backend.unwrapKey), "SEAL_BAD_CIPHERTEXT");
    await rejectsWithCode(openEnvelope(blob, NO_AAD, backend.unwrapKey), "SEAL_BAD_CIPHERTEXT");
  });

  it("passes on what the backend says, as it is", async () => {
    const denied = new SealError("SEAL_DENIED", "no permission to decrypt");
    const blob = await sealEnvelope(plaintext, NO_AAD, vault().wrapKey);
    expect(
      await rejectsWithCode(
        openEnvelope(blob, NO_AAD, () => Promise.reject(denied)),
        "SEAL_DENIED",
      ),
    ).toBe(denied);
    await rejectsWithCode(
      sealEnvelope(plaintext, NO_AAD, () => Promise.reject(denied)),
      "SEAL_DENIED",
    );
  });

  it("opens what sealEnvelope made, and wipes the data key it was given", async () => {
    const backend = vault();
    const blob = await sealEnvelope(plaintext, aad, backend.wrapKey);
    const dataKey = await backend.unwrapKey(blob.keyInfo!.wrappedKey!);
    expect(await openEnvelope(blob, aad, async () => dataKey)).toEqual(Buffer.from(plaintext));
    expect(hex(dataKey)).toBe("00".repeat(32));
  });

  it("hands the backend the wrapped key and what the blob says of its key", async () => {
    const backend = vault();
    const blob = await sealEnvelope(plaintext, NO_AAD, backend.wrapKey);
    await openEnvelope(blob, NO_AAD, (wrappedKey, info) => {
      expect(info).toEqual({ keyId: "backend-key", mechanism: 1, wrappedKey });
      return backend.unwrapKey(wrappedKey);
    });
  });
});

describe("sealEnvelope", () => {
  it("draws another data key for every call, lends it and wipes it", async () => {
    const lent: Uint8Array[] = [];
    const values: string[] = [];
    const wrapKey = async (dataKey: Uint8Array) => {
      lent.push(dataKey);
      values.push(hex(dataKey));
      return { keyId: "k", wrappedKey: bytes("01") };
    };
    await sealEnvelope(plaintext, NO_AAD, wrapKey);
    await sealEnvelope(plaintext, NO_AAD, wrapKey);
    expect(values[0]).not.toBe(values[1]);
    expect(lent.map(hex)).toEqual(["00".repeat(32), "00".repeat(32)]);
  });

  it("has read the plaintext before it waits, so that its owner may wipe it after an abandoned call", async () => {
    const backend = vault();
    const mine = Uint8Array.from(plaintext);
    const pending = sealEnvelope(mine, NO_AAD, backend.wrapKey);
    mine.fill(0);
    expect(await openEnvelope(await pending, NO_AAD, backend.unwrapKey)).toEqual(Buffer.from(plaintext));
  });
});

describe("the two nonce layouts", () => {
  const sealed = encrypt(key, plaintext, aad);

  it("are read alike: nonce in iv, and nonce in front of the ciphertext", () => {
    const blobs = [nonceApart(sealed), { ciphertext: sealed }, { ciphertext: sealed, iv: new Uint8Array() }];
    for (const blob of blobs) {
      expect(Buffer.from(nonceInFront(blob)).equals(sealed)).toBe(true);
      expect(openAead(key, blob, aad)).toEqual(Buffer.from(plaintext));
    }
  });

  const direct: Record<string, string> = { "aead(shamir)": "aes_key_hex", static: "current_key_hex" };
  for (const [index, vector] of blobVectors.vectors.entries()) {
    const name = direct[vector.wrapper];
    if (name !== undefined) {
      it(`open blob ${index}, which OpenBao's ${vector.wrapper} wrapper made`, () => {
        const opened = openAead(
          bytes(vector.keys[name]!),
          decodeBlob(bytes(vector.blobinfo_hex)),
          bytes(vector.aad_hex),
        );
        expect(hex(opened)).toBe(vector.plaintext_hex);
      });
    }
    if (vector.wrapper.startsWith("envelope")) {
      it(`open blob ${index}, an envelope of OpenBao's`, async () => {
        const blob = decodeBlob(bytes(vector.blobinfo_hex));
        const dataKey = async () => bytes(vector.keys.dek_hex!);
        expect(hex(await openEnvelope(blob, bytes(vector.aad_hex), dataKey))).toBe(vector.plaintext_hex);
      });
    }
  }
});
