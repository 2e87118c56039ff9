// SPDX-License-Identifier: Apache-2.0
/** The suite that every seal passes: what the contract forbids first, then what it promises. */
import { getEventListeners } from "node:events";
import {
  decodeBlob,
  encodeBlob,
  isSealError,
  MAX_AAD_BYTES,
  MAX_PLAINTEXT_BYTES,
  type Seal,
  type SealedBlob,
} from "@sealwright/seal";
import { type CodedError, rejectsWithCode } from "./rejects-with-code.ts";
import type { TestRunner } from "./runner.ts";
import { bitFlips, copyOf, notationsOf, partOf, sampleBytes, withPart } from "./seal-bytes.ts";
import { describeSealConfiguration } from "./seal-configuration-conformance.ts";
import type { SealHarness } from "./seal-harness.ts";

const CALLERS = 50;

/** Registers the suite for the seal called `name` with the caller's test runner. */
export function describeSealConformance(name: string, harness: SealHarness, runner: TestRunner): void {
  const { describe, it, expect } = runner;
  const { traits, secrets } = harness;
  const { maxPlaintextBytes = MAX_PLAINTEXT_BYTES } = traits;
  // Fresh for every test: a faulty seal may wipe what it borrows.
  const sample = (): Uint8Array => sampleBytes(Math.min(48, maxPlaintextBytes), 7);
  const hidden = [...secrets, ...notationsOf(sample())];

  const withSeal = (title: string, body: (seal: Seal, plaintext: Uint8Array) => Promise<void>): void => {
    it(title, async () => {
      const seal = await harness.open();
      try {
        await body(seal, sample());
      } finally {
        await seal.close();
      }
    });
  };

  const refused = async (call: Promise<unknown>, code: string): Promise<CodedError> => {
    const error = await rejectsWithCode(call, code);
    expect(isSealError(error)).toBe(true);
    for (const secret of hidden) expect(error.message).not.toContain(secret);
    return error;
  };

  // Before the next turn of the event loop, so no answer of a backend can have come in between.
  const refusedAtOnce = async (call: Promise<unknown>, code: string): Promise<void> => {
    const late = new Promise((resolve) => setImmediate(resolve, "late"));
    expect(await Promise.race([call.catch(() => "settled"), late])).toBe("settled");
    await refused(call, code);
  };

  const altered = async (seal: Seal, blobs: readonly SealedBlob[]): Promise<void> => {
    for (const blob of blobs) await refused(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
  };

  describe(`seal conformance: ${name}`, () => {
    describe("blobs that do not open", () => {
      withSeal("a flipped bit in the ciphertext is SEAL_BAD_CIPHERTEXT", async (seal, plaintext) => {
        const blob = await seal.wrap(plaintext);
        const flips = bitFlips(blob.ciphertext).map((ciphertext) => ({ ...blob, ciphertext }));
        await altered(seal, flips);
      });

      for (const part of traits.parts) {
        withSeal(
          `a flipped bit in the ${part}, and one cut short or missing, is SEAL_BAD_CIPHERTEXT`,
          async (seal, plaintext) => {
            const blob = await seal.wrap(plaintext);
            const bytes = partOf(blob, part);
            expect(bytes.length > 0).toBe(true);
            const damaged = [...bitFlips(bytes), bytes.slice(0, -1), new Uint8Array()];
            await altered(
              seal,
              damaged.map((each) => withPart(blob, part, each)),
            );
          },
        );
      }

      withSeal("a ciphertext cut short, prolonged or empty is SEAL_BAD_CIPHERTEXT", async (seal, plaintext) => {
        const blob = await seal.wrap(plaintext);
        const { ciphertext } = blob;
        const lengths = [ciphertext.length - 1, ciphertext.length >> 1, 1, 0];
        await altered(seal, [
          ...lengths.map((length) => ({ ...blob, ciphertext: ciphertext.slice(0, length) })),
          { ...blob, ciphertext: Buffer.concat([ciphertext, new Uint8Array(1)]) },
        ]);
      });

      withSeal("a blob with nothing in it is SEAL_BAD_CIPHERTEXT", async (seal) => {
        await altered(seal, [{ ciphertext: new Uint8Array() }, decodeBlob(new Uint8Array())]);
      });

      withSeal("a blob of another key under the same key id is SEAL_BAD_CIPHERTEXT", async (seal, plaintext) => {
        const foreign = await harness.foreignBlob(plaintext);
        expect(foreign.keyInfo?.keyId).toEqual((await seal.wrap(plaintext)).keyInfo?.keyId);
        await altered(seal, [foreign]);
      });

      const { unknownKeyId } = traits;
      if (unknownKeyId === undefined) {
        withSeal("names no key in its blobs", async (seal, plaintext) => {
          expect((await seal.wrap(plaintext)).keyInfo).toEqual({ keyId: "" });
        });
      } else {
        withSeal("a blob of a key that is not there is SEAL_KEY_MISSING, naming the key", async (seal, plaintext) => {
          const blob = await seal.wrap(plaintext);
          const elsewhere = { ...blob, keyInfo: { ...blob.keyInfo, keyId: unknownKeyId } };
          expect((await refused(seal.unwrap(elsewhere), "SEAL_KEY_MISSING")).message).toContain(unknownKeyId);
        });
      }
    });

    describe("calls that it refuses", () => {
      withSeal("an empty plaintext and one beyond its limit are SEAL_CONFIG", async (seal) => {
        for (const length of [0, maxPlaintextBytes + 1]) {
          await refused(seal.wrap(new Uint8Array(length)), "SEAL_CONFIG");
        }
      });

      withSeal("additional data beyond 64 KiB is SEAL_CONFIG", async (seal, plaintext) => {
        const call = { aad: new Uint8Array(MAX_AAD_BYTES + 1) };
        await refused(seal.wrap(plaintext, call), "SEAL_CONFIG");
        await refused(seal.unwrap(await seal.wrap(plaintext), call), "SEAL_CONFIG");
      });

      withSeal("a signal that is aborted already is SEAL_TIMEOUT", async (seal, plaintext) => {
        const blob = await seal.wrap(plaintext);
        const call = { signal: AbortSignal.abort() };
        await refusedAtOnce(seal.wrap(plaintext, call), "SEAL_TIMEOUT");
        await refusedAtOnce(seal.unwrap(blob, call), "SEAL_TIMEOUT");
      });

      withSeal(
        "a signal that aborts during a call is SEAL_TIMEOUT at once, and the seal works on",
        async (seal, plaintext) => {
          const blob = await seal.wrap(plaintext);
          const controllers = [new AbortController(), new AbortController()] as const;
          const calls = [
            seal.wrap(plaintext, { signal: controllers[0].signal }),
            seal.unwrap(blob, { signal: controllers[1].signal }),
          ];
          for (const controller of controllers) controller.abort();
          await Promise.all(calls.map((call) => refusedAtOnce(call, "SEAL_TIMEOUT")));
          expect(Buffer.from(await seal.unwrap(blob))).toEqual(Buffer.from(plaintext));
        },
      );

      it("a call after close is SEAL_UNAVAILABLE, and closing twice is no error", async () => {
        const [seal, plaintext] = [await harness.open(), sample()];
        const blob = await seal.wrap(plaintext);
        await Promise.all([seal.close(), seal.close()]);
        await seal.close();
        await refused(seal.wrap(plaintext), "SEAL_UNAVAILABLE");
        await refused(seal.unwrap(blob), "SEAL_UNAVAILABLE");
      });
    });

    describe("additional data", () => {
      if (traits.aad === "refused") {
        withSeal("is refused with SEAL_CONFIG rather than dropped", async (seal, plaintext) => {
          const blob = await seal.wrap(plaintext);
          const call = { aad: sampleBytes(8, 1) };
          await refused(seal.wrap(plaintext, call), "SEAL_CONFIG");
          await refused(seal.unwrap(blob, call), "SEAL_CONFIG");
        });
      } else {
        withSeal("other or missing additional data is SEAL_BAD_CIPHERTEXT", async (seal, plaintext) => {
          const aad = sampleBytes(8, 1);
          const bound = await seal.wrap(plaintext, { aad });
          const free = await seal.wrap(plaintext);
          await refused(seal.unwrap(bound), "SEAL_BAD_CIPHERTEXT");
          await refused(seal.unwrap(bound, { aad: sampleBytes(8, 2) }), "SEAL_BAD_CIPHERTEXT");
          await refused(seal.unwrap(bound, { aad: aad.slice(0, -1) }), "SEAL_BAD_CIPHERTEXT");
          await refused(seal.unwrap(free, { aad }), "SEAL_BAD_CIPHERTEXT");
          expect(Buffer.from(await seal.unwrap(bound, { aad }))).toEqual(Buffer.from(plaintext));
        });
      }

      withSeal("that is empty is the same as none", async (seal, plaintext) => {
        const call = { aad: new Uint8Array() };
        expect(Buffer.from(await seal.unwrap(await seal.wrap(plaintext, call)))).toEqual(Buffer.from(plaintext));
        expect(Buffer.from(await seal.unwrap(await seal.wrap(plaintext), call))).toEqual(Buffer.from(plaintext));
      });
    });

    describe("bytes", () => {
      withSeal("what is passed in is neither changed nor kept", async (seal, plaintext) => {
        const lent = sample();
        const blob = await seal.wrap(lent);
        expect(lent).toEqual(plaintext);
        lent.fill(0);
        const before = copyOf(blob);
        expect(Buffer.from(await seal.unwrap(blob))).toEqual(Buffer.from(plaintext));
        expect(copyOf(blob)).toEqual(before);
      });

      it("what it returns belongs to the caller: wiping it harms nothing, and close leaves it alone", async () => {
        const [seal, plaintext] = [await harness.open(), sample()];
        const [blob, other] = [await seal.wrap(plaintext), await seal.wrap(plaintext)];
        for (const bytes of [other.ciphertext, partOf(other, "iv"), partOf(other, "wrappedKey")]) bytes.fill(0);
        (await seal.unwrap(blob)).fill(0);
        const answer = await seal.unwrap(blob);
        await seal.close();
        expect(Buffer.from(answer)).toEqual(Buffer.from(plaintext));
      });

      withSeal("a finished call leaves no listener on its signal", async (seal, plaintext) => {
        const { signal } = new AbortController();
        await seal.unwrap(await seal.wrap(plaintext, { signal }), { signal });
        await refused(seal.unwrap({ ciphertext: new Uint8Array() }, { signal }), "SEAL_BAD_CIPHERTEXT");
        expect(getEventListeners(signal, "abort").length).toBe(0);
      });
    });

    describe("wrap and unwrap", () => {
      for (const length of [1, 15, 16, 32, 48, 190, 1024, 4_096, 4_097, 65_536, MAX_PLAINTEXT_BYTES].filter(
        (each) => each <= maxPlaintextBytes,
      )) {
        withSeal(`give back ${length} bytes, also after the blob was encoded and decoded`, async (seal) => {
          const bytes = sampleBytes(length, length & 0xff);
          const blob = await seal.wrap(bytes);
          expect(Buffer.from(await seal.unwrap(blob)).equals(bytes)).toBe(true);
          expect(Buffer.from(await seal.unwrap(decodeBlob(encodeBlob(blob)))).equals(bytes)).toBe(true);
        });
      }

      withSeal("two wraps of one plaintext differ", async (seal, plaintext) => {
        const [one, two] = [await seal.wrap(plaintext), await seal.wrap(plaintext)];
        expect(Buffer.from(encodeBlob(one))).not.toEqual(Buffer.from(encodeBlob(two)));
      });

      it("another instance over the same key opens the blob", async () => {
        const [one, two, plaintext] = [await harness.open(), await harness.open(), sample()];
        try {
          const blob = await one.wrap(plaintext);
          await one.close();
          expect(Buffer.from(await two.unwrap(blob))).toEqual(Buffer.from(plaintext));
        } finally {
          await Promise.all([one.close(), two.close()]);
        }
      });

      withSeal(`serve ${CALLERS} callers at once, each its own bytes`, async (seal) => {
        const size = Math.min(64, maxPlaintextBytes);
        const texts = Array.from({ length: CALLERS }, (_, seed) => sampleBytes(size, seed));
        const answers = await Promise.all(texts.map(async (text) => seal.unwrap(await seal.wrap(text))));
        expect(answers.map((answer) => Buffer.from(answer))).toEqual(texts.map((text) => Buffer.from(text)));
      });
    });

    if (harness.configuration !== undefined) describeSealConfiguration(harness.configuration, secrets, runner);
  });
}
