// SPDX-License-Identifier: Apache-2.0
import type { Seal } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../src/client.ts";
import { openKmsSeal } from "../src/seal.ts";
import { startToyKms, type ToyKms } from "./toy-kms.ts";

const rootKey = new Uint8Array(32).fill(7);
let kms: ToyKms;
let seal: Seal;

beforeEach(async () => {
  kms = await startToyKms("root");
  seal = openKmsSeal(connect(kms.address, kms.token), kms.address, "root");
});
afterEach(async () => {
  await seal.close();
  await kms.stop();
});

describe("what the KMS refuses", () => {
  it.each([
    [401, "SEAL_DENIED"],
    [403, "SEAL_DENIED"],
    [404, "SEAL_KEY_MISSING"],
    [409, "SEAL_KEY_DISABLED"],
    [429, "SEAL_THROTTLED"],
    [500, "SEAL_UNAVAILABLE"],
    [503, "SEAL_UNAVAILABLE"],
  ])("with status %i is %s, naming the KMS, and passes", async (status, code) => {
    const blob = await seal.wrap(rootKey);
    kms.answerWith(status);
    for (const call of [seal.wrap(rootKey), seal.unwrap(blob)]) {
      expect((await rejectsWithCode(call, code)).message).toContain(kms.address);
    }
    kms.answerWith(undefined);
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(Buffer.from(rootKey));
  });

  it("with an answer that is not the KMS's is SEAL_UNAVAILABLE", async () => {
    kms.answerWith(200);
    await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE");
  });

  it("because another token is given is SEAL_DENIED", async () => {
    const stranger = openKmsSeal(connect(kms.address, "guessed"), kms.address, "root");
    expect((await rejectsWithCode(stranger.wrap(rootKey), "SEAL_DENIED")).message).not.toContain("guessed");
  });

  it("by not being there is SEAL_UNAVAILABLE", async () => {
    await kms.stop();
    await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE");
  });
});

describe("the key's versions", () => {
  it("stand in the blob: an old one opens what it wrapped, and the newest wraps", async () => {
    const old = await seal.wrap(rootKey);
    kms.rotate("root");
    expect(old.keyInfo?.keyId).toBe("root/1");
    expect((await seal.wrap(rootKey)).keyInfo?.keyId).toBe("root/2");
    expect(Buffer.from(await seal.unwrap(old))).toEqual(Buffer.from(rootKey));
  });

  it("that are none are SEAL_BAD_CIPHERTEXT, without a request", async () => {
    const blob = await seal.wrap(rootKey);
    const before = kms.requests;
    for (const keyId of ["", "root", "root/0", "root/x", "../admin/1", `${"x".repeat(500)}/`]) {
      const { message } = await rejectsWithCode(
        seal.unwrap({ ...blob, keyInfo: { ...blob.keyInfo, keyId } }),
        "SEAL_BAD_CIPHERTEXT",
      );
      expect(message.length).toBeLessThan(300);
    }
    expect(kms.requests).toBe(before);
  });
});

describe("a call", () => {
  it("costs one request to wrap and one to unwrap, and opening costs none", async () => {
    expect(kms.requests).toBe(0);
    await seal.unwrap(await seal.wrap(rootKey));
    expect(kms.requests).toBe(2);
  });
});
