// SPDX-License-Identifier: Apache-2.0
/** Does the suite notice? A correct seal passes it whole; each faulty one fails the test that is there for its fault. */
import { randomBytes } from "node:crypto";
import { encrypt, guardSeal, NO_AAD, nonceApart, openAead, type Seal, SealError } from "@sealwright/seal";
import { describeSealConformance, type TestRunner } from "@sealwright/testing";
import { describe, expect, it } from "vitest";

const KEY = randomBytes(32);

function bareSeal(key: Uint8Array): Seal {
  return {
    type: "model",
    wrap: async (plaintext, call) => ({
      ...nonceApart(encrypt(key, plaintext, call?.aad ?? NO_AAD)),
      keyInfo: { keyId: "k1" },
    }),
    async unwrap(blob, call) {
      const id = blob.keyInfo?.keyId;
      if (id === undefined) throw new SealError("SEAL_BAD_CIPHERTEXT", "the blob names no key");
      if (id !== "k1") throw new SealError("SEAL_KEY_MISSING", `there is no key ${id}`);
      return openAead(key, blob, call?.aad);
    },
    close: async () => {},
  };
}

/** Runs the suite over seals made by `make` and answers the titles of the tests that failed. */
async function failuresOf(make: (key: Uint8Array) => Seal): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = [];
  const runner: TestRunner = {
    describe: (_, body) => body(),
    it: (title, body) => void tests.push([title, body]),
    expect,
  };
  const harness = {
    traits: { aad: "bound", parts: ["iv"], unknownKeyId: "k9" },
    open: async () => make(KEY),
    foreignBlob: (plaintext: Uint8Array) => guardSeal(bareSeal(randomBytes(32))).wrap(plaintext),
    secrets: [KEY.toString("hex")],
  } as const;
  describeSealConformance("model", harness, runner);
  const failed: string[] = [];
  for (const [title, body] of tests) {
    await body().catch(() => failed.push(title));
  }
  return failed;
}

/** A correct seal with some methods replaced; `change` gets the correct ones. */
function faulty(change: (correct: Seal, key: Uint8Array) => Partial<Seal>) {
  return (key: Uint8Array): Seal => {
    const correct = guardSeal(bareSeal(key));
    return { ...correct, ...change(correct, key) };
  };
}

const FAULTS: readonly (readonly [string, (key: Uint8Array) => Seal, string])[] = [
  ["has no guard", bareSeal, "a call after close is SEAL_UNAVAILABLE"],
  ["has no guard and ignores signals", bareSeal, "a signal that aborts during a call is SEAL_TIMEOUT at once"],
  ["has no guard and no limits", bareSeal, "an empty plaintext and one beyond its limit are SEAL_CONFIG"],
  [
    "drops additional data",
    faulty((correct) => ({
      wrap: (plaintext, call) => correct.wrap(plaintext, { ...call, aad: NO_AAD }),
      unwrap: (blob, call) => correct.unwrap(blob, { ...call, aad: NO_AAD }),
    })),
    "other or missing additional data is SEAL_BAD_CIPHERTEXT",
  ],
  [
    "throws what the cipher throws",
    faulty((correct) => ({
      unwrap: (blob, call) =>
        correct.unwrap(blob, call).catch(() => {
          throw new Error("Unsupported state");
        }),
    })),
    "a flipped bit in the ciphertext is SEAL_BAD_CIPHERTEXT",
  ],
  [
    "shows the key in its errors",
    faulty((correct, key) => ({
      unwrap: (blob, call) =>
        correct.unwrap(blob, call).catch((error: SealError) => {
          throw new SealError(error.code, `${error.message} ${Buffer.from(key).toString("hex")}`);
        }),
    })),
    "a flipped bit in the ciphertext is SEAL_BAD_CIPHERTEXT",
  ],
  [
    "calls every key its own",
    faulty((correct) => ({
      unwrap: (blob, call) => correct.unwrap({ ...blob, keyInfo: { keyId: "k1" } }, call),
    })),
    "a blob of a key that is not there is SEAL_KEY_MISSING, naming the key",
  ],
  [
    "wipes the plaintext that it borrowed",
    faulty((correct) => ({
      async wrap(plaintext, call) {
        const blob = await correct.wrap(plaintext, call);
        plaintext.fill(0);
        return blob;
      },
    })),
    "what is passed in is neither changed nor kept",
  ],
  [
    "wipes the blob that it borrowed",
    faulty((correct) => ({
      async unwrap(blob, call) {
        const plaintext = await correct.unwrap(blob, call);
        blob.ciphertext.fill(0);
        return plaintext;
      },
    })),
    "what is passed in is neither changed nor kept",
  ],
  [
    "answers the same array twice",
    faulty((correct) => {
      let kept: Uint8Array | undefined;
      return {
        async unwrap(blob, call) {
          const plaintext = await correct.unwrap(blob, call);
          kept ??= plaintext;
          return kept.length === plaintext.length ? kept : plaintext;
        },
      };
    }),
    "what it returns belongs to the caller: wiping it harms nothing, and close leaves it alone",
  ],
  [
    "leaves its listeners on signals",
    faulty((correct) => ({
      wrap(plaintext, call) {
        call?.signal?.addEventListener("abort", () => {});
        return correct.wrap(plaintext, call);
      },
    })),
    "a finished call leaves no listener on its signal",
  ],
  [
    "repeats itself",
    faulty((correct) => {
      const made = new Map<string, Awaited<ReturnType<Seal["wrap"]>>>();
      return {
        async wrap(plaintext, call) {
          const name = Buffer.from(plaintext).toString("hex");
          const blob = made.get(name) ?? (await correct.wrap(plaintext, call));
          made.set(name, blob);
          return blob;
        },
      };
    }),
    "two wraps of one plaintext differ",
  ],
  [
    "serves one caller at a time, with the last one's bytes",
    faulty((correct) => {
      let last = new Uint8Array();
      return {
        async wrap(plaintext, call) {
          last = Uint8Array.from(plaintext);
          await Promise.resolve();
          return correct.wrap(last, call);
        },
      };
    }),
    "serve 50 callers at once, each its own bytes",
  ],
];

describe("the seal conformance suite", () => {
  for (const [fault, make, title] of FAULTS) {
    it(`fails a seal that ${fault}`, async () => {
      const failed = await failuresOf(make);
      expect(failed.some((each) => each.startsWith(title))).toBe(true);
    });
  }

  it("passes a seal that keeps the contract", async () => {
    expect(await failuresOf((key) => guardSeal(bareSeal(key)))).toEqual([]);
  });
});
