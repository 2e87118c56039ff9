// SPDX-License-Identifier: Apache-2.0
import { guardSeal, MAX_AAD_BYTES, MAX_PLAINTEXT_BYTES, type Seal, type SealedBlob } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";

const plaintext = new Uint8Array([1, 2, 3]);

/** A seal whose answers wait for the test, and that writes down what reaches it. */
function heldSeal() {
  const reached: string[] = [];
  const wrapped = Promise.withResolvers<SealedBlob>();
  const unwrapped = Promise.withResolvers<Uint8Array>();
  const inner: Seal = {
    type: "held",
    wrap: (_, call) => {
      reached.push(call?.signal === undefined ? "wrap" : "wrap with signal");
      return wrapped.promise;
    },
    unwrap: () => {
      reached.push("unwrap");
      return unwrapped.promise;
    },
    close: async () => void reached.push("close"),
  };
  return { reached, wrapped, unwrapped, seal: guardSeal(inner) };
}

describe("a guarded seal keeps from its backend", () => {
  it("plaintexts that are empty or longer than 4 MiB: SEAL_CONFIG", async () => {
    const { seal, reached } = heldSeal();
    for (const length of [0, MAX_PLAINTEXT_BYTES + 1]) {
      const error = await rejectsWithCode(seal.wrap(new Uint8Array(length)), "SEAL_CONFIG");
      expect(error.message).toContain(String(length));
    }
    expect(reached).toEqual([]);
  });

  it("additional data longer than 64 KiB: SEAL_CONFIG", async () => {
    const { seal, reached } = heldSeal();
    const call = { aad: new Uint8Array(MAX_AAD_BYTES + 1) };
    await rejectsWithCode(seal.wrap(plaintext, call), "SEAL_CONFIG");
    await rejectsWithCode(seal.unwrap({ ciphertext: plaintext }, call), "SEAL_CONFIG");
    expect(reached).toEqual([]);
  });

  it("calls that were aborted before they began: SEAL_TIMEOUT", async () => {
    const { seal, reached } = heldSeal();
    const call = { signal: AbortSignal.abort() };
    await rejectsWithCode(seal.wrap(plaintext, call), "SEAL_TIMEOUT");
    await rejectsWithCode(seal.unwrap({ ciphertext: plaintext }, call), "SEAL_TIMEOUT");
    expect(reached).toEqual([]);
  });

  it("calls after close: SEAL_UNAVAILABLE, naming the seal", async () => {
    const { seal, reached } = heldSeal();
    await Promise.all([seal.close(), seal.close()]);
    const error = await rejectsWithCode(seal.wrap(plaintext), "SEAL_UNAVAILABLE");
    expect(error.message).toContain("held");
    await rejectsWithCode(seal.unwrap({ ciphertext: plaintext }), "SEAL_UNAVAILABLE");
    expect(reached).toEqual(["close"]);
  });
});

describe("a guarded seal", () => {
  it("abandons a call whose signal aborts, and wipes the plaintext that comes too late", async () => {
    const { seal, unwrapped } = heldSeal();
    const controller = new AbortController();
    const call = seal.unwrap({ ciphertext: plaintext }, { signal: controller.signal });
    controller.abort();
    await rejectsWithCode(call, "SEAL_TIMEOUT");
    const late = new Uint8Array([9, 9]);
    unwrapped.resolve(late);
    await unwrapped.promise;
    expect(late).toEqual(new Uint8Array(2));
  });

  it("passes the signal on, for a backend that can cancel", async () => {
    const { seal, reached, wrapped } = heldSeal();
    wrapped.resolve({ ciphertext: plaintext });
    await seal.wrap(plaintext, { signal: new AbortController().signal });
    expect(reached).toEqual(["wrap with signal"]);
  });

  it("gives the backend's answers unchanged, at the longest lengths that are legal", async () => {
    const { seal, wrapped, unwrapped } = heldSeal();
    const blob = { ciphertext: plaintext };
    const call = { aad: new Uint8Array(MAX_AAD_BYTES) };
    wrapped.resolve(blob);
    unwrapped.resolve(plaintext);
    expect(await seal.wrap(new Uint8Array(MAX_PLAINTEXT_BYTES), call)).toBe(blob);
    expect(await seal.unwrap(blob, call)).toBe(plaintext);
    expect(seal.type).toBe("held");
  });
});
