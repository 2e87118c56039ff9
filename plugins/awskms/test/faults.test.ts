// SPDX-License-Identifier: Apache-2.0
/** KMS fails in the middle of things: LocalStack, behind a proxy that fails on command. */
import type { Seal, Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { type LocalStack, startLocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openSeal, stanzaFor } from "./support/open-seal.ts";

const rootKey = Buffer.alloc(32, 7);

describe.skipIf(partMissing("LocalStack"))("KMS", () => {
  let localStack: LocalStack;
  let seal: Seal;
  let stanza: Readonly<Record<string, string>>;

  beforeAll(async () => {
    localStack = await startLocalStack();
    stanza = stanzaFor(localStack);
    seal = await openSeal(stanza);
  });
  afterEach(() => localStack.heal());
  afterAll(async () => {
    await seal?.close();
    await localStack?.stop();
  });

  const works = async (): Promise<void> => {
    expect(Buffer.from(await seal.unwrap(await seal.wrap(rootKey)))).toEqual(rootKey);
  };

  test("down is SEAL_UNAVAILABLE: the seal opens all the same, and works when KMS is back", async () => {
    const blob = await seal.wrap(rootKey);
    await localStack.offline();
    const opened = await openSeal(stanza);
    for (const call of [() => opened.wrap(rootKey), () => opened.unwrap(blob), () => seal.unwrap(blob)]) {
      const { message, advice } = await rejectsWithCode(call, "SEAL_UNAVAILABLE");
      expect(message).toContain(`AWS KMS at ${localStack.endpoint} (us-east-1), which has the key`);
      expect(message).toContain("nothing listens there");
      expect(advice).toContain("correct endpoint");
    }
    await localStack.online();
    expect(Buffer.from(await opened.unwrap(blob))).toEqual(rootKey);
    await opened.close();
  });

  describe("slow", () => {
    test("answers after 5 seconds: a call with a deadline is SEAL_TIMEOUT then, one without waits", async () => {
      const blob = await seal.wrap(rootKey);
      localStack.slow(5_000);
      const start = performance.now();
      const late = await rejectsWithCode(seal.unwrap(blob, { signal: AbortSignal.timeout(100) }), "SEAL_TIMEOUT");
      expect(late.message).toContain(`(key ${localStack.key.id} at ${localStack.endpoint}) was abandoned`);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
      expect(performance.now() - start).toBeGreaterThan(4_900);
    });

    test("never answers: the call ends with its signal, and closing ends the others", async () => {
      localStack.fault({ kind: "black hole" });
      const opened = await openSeal(stanza);
      await rejectsWithCode(opened.wrap(rootKey, { signal: AbortSignal.timeout(100) }), "SEAL_TIMEOUT");
      const pending = opened.wrap(rootKey);
      await opened.close();
      await rejectsWithCode(pending, "SEAL_TIMEOUT");
    });
  });

  describe("throttling", () => {
    test("is SEAL_THROTTLED after three tries with pauses in between", async () => {
      localStack.throttle();
      const before = localStack.calls.length;
      const start = performance.now();
      await rejectsWithCode(seal.wrap(rootKey), "SEAL_THROTTLED");
      expect(localStack.calls.length - before).toBe(3);
      expect(performance.now() - start).toBeGreaterThan(5);
    });

    test("is tried no more once the caller has given up", async () => {
      localStack.throttle();
      const before = localStack.calls.length;
      const controller = new AbortController();
      const call = seal.wrap(rootKey, { signal: controller.signal });
      await expect.poll(() => localStack.calls.length).toBe(before + 1);
      controller.abort();
      await rejectsWithCode(call, "SEAL_TIMEOUT");
      localStack.heal();
      await works();
      expect(localStack.calls.slice(before)).toEqual(["Encrypt", "Encrypt", "Decrypt"]);
    });

    test("that ends between two tries is not noticed", async () => {
      localStack.throttle();
      const before = localStack.calls.length;
      const call = seal.wrap(rootKey);
      await expect.poll(() => localStack.calls.length).toBe(before + 1);
      localStack.heal();
      expect((await call).keyInfo?.keyId).toBe(localStack.key.arn);
    });
  });

  describe("refusing", () => {
    test("Encrypt alone is SEAL_DENIED for a wrap, and unwraps go on", async () => {
      const blob = await seal.wrap(rootKey);
      localStack.deny("Encrypt");
      expect((await rejectsWithCode(seal.wrap(rootKey), "SEAL_DENIED")).message).toContain("denies kms:Encrypt");
      expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
    });

    test("Decrypt alone is SEAL_DENIED for an unwrap, and wraps go on", async () => {
      localStack.deny("Decrypt");
      const blob = await seal.wrap(rootKey);
      const { message, advice } = await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED");
      expect(message).toContain(`denies kms:Decrypt on the key ${localStack.key.arn}`);
      expect(advice).toContain("allow kms:Decrypt on that key");
    });

    test("a disabled key is SEAL_KEY_DISABLED until it is enabled", async () => {
      const blob = await seal.wrap(rootKey);
      await localStack.disableKey();
      try {
        for (const call of [() => seal.wrap(rootKey), () => seal.unwrap(blob)]) {
          expect((await rejectsWithCode(call, "SEAL_KEY_DISABLED")).message).toContain("is disabled");
        }
      } finally {
        await localStack.enableKey();
      }
      expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
    });

    const create = async (input: object): Promise<string> => {
      const { KeyMetadata } = await localStack.ask("CreateKey", { ...input });
      return (KeyMetadata as { readonly Arn: string }).Arn;
    };
    const wrapWith = async (settings: Stanza) => {
      const other = await openSeal({ ...stanza, ...settings });
      return other.wrap(rootKey).finally(() => other.close());
    };

    test("a key that is scheduled for deletion is SEAL_KEY_DISABLED, and the way back is named", async () => {
      const key = await create({});
      const blob = await wrapWith({ kms_key_id: key });
      await localStack.ask("ScheduleKeyDeletion", { KeyId: key, PendingWindowInDays: 7 });
      for (const call of [() => wrapWith({ kms_key_id: key }), () => seal.unwrap(blob)]) {
        const { message, advice } = await rejectsWithCode(call, "SEAL_KEY_DISABLED");
        expect(message).toContain(`the key ${key} of`);
        expect(message).toContain("is scheduled for deletion");
        expect(advice).toContain("cancel-key-deletion");
      }
    });

    test("a key that is not there, by id and by alias, is SEAL_KEY_MISSING", async () => {
      for (const kms_key_id of ["5ea15ea1-0000-4000-8000-000000000009", "alias/none"]) {
        const { message } = await rejectsWithCode(wrapWith({ kms_key_id }), "SEAL_KEY_MISSING");
        expect(message).toContain(`has no key ${kms_key_id}`);
      }
    });

    test("a key in another region is SEAL_KEY_MISSING", async () => {
      const blob = await seal.wrap(rootKey);
      const abroad = await openSeal({ ...stanza, region: "eu-west-1" });
      expect((await rejectsWithCode(abroad.wrap(rootKey), "SEAL_KEY_MISSING")).message).toContain("(eu-west-1)");
      const { message } = await rejectsWithCode(abroad.unwrap(blob), "SEAL_KEY_MISSING");
      expect(message).toContain("which is one of us-east-1");
      await abroad.close();
    });

    test("a key for signatures, or for authentication codes, is SEAL_CONFIG", async () => {
      const kinds = [
        { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" },
        { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" },
      ];
      for (const kind of kinds) {
        const { message } = await rejectsWithCode(wrapWith({ kms_key_id: await create(kind) }), "SEAL_CONFIG");
        expect(message).toContain("is of a kind that cannot seal");
      }
    });

    test("a seal without a key unwraps, and a wrap by it is SEAL_CONFIG", async () => {
      const blob = await seal.wrap(rootKey);
      const reader = await openSeal({ ...stanza, kms_key_id: "", key_not_required: "true" });
      expect(Buffer.from(await reader.unwrap(blob))).toEqual(rootKey);
      expect((await rejectsWithCode(reader.wrap(rootKey), "SEAL_CONFIG")).message).toContain("only unwraps");
      await reader.close();
    });
  });

  describe("an encryption context", () => {
    const context = { encryption_context: "app=billing, stage=prod" };

    test("must be the same to unwrap", async () => {
      const bound = await openSeal({ ...stanza, ...context });
      const blob = await bound.wrap(rootKey);
      expect(Buffer.from(await bound.unwrap(blob))).toEqual(rootKey);
      const others = ["app=billing", "app=billing,stage=test", "app=billing,stage=prod,more=1"];
      for (const encryption_context of others) {
        const other = await openSeal({ ...stanza, encryption_context });
        await rejectsWithCode(other.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
        await other.close();
      }
      const { message, advice } = await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
      expect([message, advice].join(" ")).toMatch(/does not open this .*another encryption_context/);
      await bound.close();
    });

    test("in another order is the same", async () => {
      const [one, two] = [
        await openSeal({ ...stanza, ...context }),
        await openSeal({ ...stanza, encryption_context: "stage=prod,app=billing" }),
      ];
      expect(Buffer.from(await two.unwrap(await one.wrap(rootKey)))).toEqual(rootKey);
      await Promise.all([one.close(), two.close()]);
    });
  });
});
