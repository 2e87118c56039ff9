// SPDX-License-Identifier: Apache-2.0
import {
  type AutoSealPlugin,
  containPlugin,
  containSeal,
  MAX_PLAINTEXT_BYTES,
  type Seal,
  SealError,
  type SealErrorCode,
} from "@sealwright/seal";
import { quietEnvironment, rejectsWithCode } from "@sealwright/testing";
import { afterEach, describe, expect, it, vi } from "vitest";

const plaintext = new Uint8Array([1, 2, 3]);
const blob = { ciphertext: new Uint8Array([9]), keyInfo: { keyId: "k" } };

/** A seal of some plugin; `over` replaces its methods by anything. */
function sealWith(over: Readonly<Record<string, unknown>>): unknown {
  const whole = { type: "acme", wrap: async () => blob, unwrap: async () => plaintext, close: async () => undefined };
  return { ...whole, ...over };
}

/** A plugin whose members are replaced by anything. */
function pluginWith(over: Readonly<Record<string, unknown>>): AutoSealPlugin {
  const whole = { kind: "auto", type: "acme", config: {}, open: async () => sealWith({}) };
  return containPlugin({ ...whole, ...over } as unknown as AutoSealPlugin);
}

const contained = (over: Readonly<Record<string, unknown>>): Seal => containSeal(sealWith(over), "acme");

/** An error as another copy of this package makes it. */
function foreignError(code: string, more: object = {}): Error {
  return Object.assign(new Error("the key is gone"), { name: "SealError", code, ...more });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("what a plugin opens", () => {
  it("says of itself what the plugin does", () => {
    const said = { isolation: "process", sdkSecrets: ["ACME_TOKEN"], weakness: "a file holds its key" };
    expect(pluginWith(said)).toMatchObject(said);
  });

  it.each([
    ["nothing", undefined, "wrap, unwrap, close must be functions"],
    ["null", null, "wrap, unwrap, close must be functions"],
    ["a text", "seal", "wrap, unwrap, close must be functions"],
    ["a seal that cannot wrap", sealWith({ wrap: undefined }), "opened no seal: wrap must be functions"],
    ["a seal that cannot unwrap", sealWith({ unwrap: 1 }), "opened no seal: unwrap must be functions"],
    ["a seal that cannot close", sealWith({ close: undefined }), "opened no seal: close must be functions"],
  ])("is SEAL_PLUGIN_UNAVAILABLE when it is %s", async (_what, opened, says) => {
    const { message } = await rejectsWithCode(
      pluginWith({ open: async () => opened }).open({}, quietEnvironment),
      "SEAL_PLUGIN_UNAVAILABLE",
    );
    expect(message).toContain(says);
  });

  it("keeps its methods' object, and has the plugin's type", async () => {
    class Acme {
      readonly #blob = blob;
      readonly type = "called otherwise";
      async wrap() {
        return this.#blob;
      }
      async unwrap() {
        return plaintext;
      }
      async close() {}
    }
    const seal = await pluginWith({ open: () => new Acme() }).open({}, quietEnvironment);
    expect(seal.type).toBe("acme");
    expect(await seal.wrap(plaintext)).toEqual(blob);
  });
});

describe("what a plugin throws", () => {
  it.each([
    ["an error", new Error("password: hunter2")],
    ["a text", "password: hunter2"],
    ["nothing", undefined],
    ["an error with a code of its own", foreignError("SEAL_HAUNTED")],
  ])("becomes SEAL_UNAVAILABLE when it is %s, whose text is the cause only", async (_what, thrown) => {
    const seal = contained({
      wrap: () => {
        throw thrown;
      },
      unwrap: async () => Promise.reject(thrown),
    });
    const plugin = pluginWith({ open: async () => Promise.reject(thrown) });
    for (const call of [seal.wrap(plaintext), seal.unwrap(blob), plugin.open({}, quietEnvironment)]) {
      const error = await rejectsWithCode(call, "SEAL_UNAVAILABLE");
      expect(error.message).not.toContain("hunter2");
      expect(error.cause).toBe(thrown);
    }
  });

  it("becomes a SealError of ours when it is one of another copy, with code and advice", async () => {
    const seal = contained({
      unwrap: async () => Promise.reject(foreignError("SEAL_KEY_MISSING", { advice: "look again", final: true })),
      wrap: async () => Promise.reject(foreignError("SEAL_THROTTLED")),
    });
    const missing = await rejectsWithCode(seal.unwrap(blob), "SEAL_KEY_MISSING");
    expect(missing).toMatchObject({ message: "the key is gone", advice: "look again", final: true, retryable: false });
    const throttled = await rejectsWithCode(seal.wrap(plaintext), "SEAL_THROTTLED");
    expect(throttled).toBeInstanceOf(SealError);
    expect(throttled).toMatchObject({ final: false, retryable: true });
  });

  it.each<SealErrorCode>(["SEAL_DENIED", "SEAL_BAD_CIPHERTEXT"])("stays what it is when it is %s", async (code) => {
    const thrown = new SealError(code, "no");
    expect(await rejectsWithCode(contained({ unwrap: () => Promise.reject(thrown) }).unwrap(blob), code)).toBe(thrown);
  });
});

describe("what a plugin answers", () => {
  it.each([
    ["nothing", undefined],
    ["bytes", new Uint8Array([1])],
    ["a ciphertext as text", { ciphertext: "AAEC" }],
    ["an iv as text", { ...blob, iv: "AAEC" }],
    ["a key id that is none", { ...blob, keyInfo: { keyId: 7 } }],
    ["a key id that is no Unicode", { ...blob, keyInfo: { keyId: "\ud800" } }],
    ["a wrapped key as text", { ...blob, keyInfo: { keyId: "k", wrappedKey: "AAEC" } }],
    ["a mechanism below zero", { ...blob, keyInfo: { keyId: "k", mechanism: -1 } }],
  ])("to wrap is SEAL_PLUGIN_UNAVAILABLE when it is %s", async (_what, answer) => {
    const wrapping = contained({ wrap: async () => answer }).wrap(plaintext);
    expect((await rejectsWithCode(wrapping, "SEAL_PLUGIN_UNAVAILABLE")).message).toContain("answered no blob");
  });

  it.each([
    ["nothing", undefined],
    ["a text", "root key"],
    ["no bytes", new Uint8Array()],
    ["more than a seal wraps", new Uint8Array(MAX_PLAINTEXT_BYTES + 1)],
  ])("to unwrap is SEAL_PLUGIN_UNAVAILABLE when it is %s", async (_what, answer) => {
    const unwrapping = contained({ unwrap: async () => answer }).unwrap(blob);
    expect((await rejectsWithCode(unwrapping, "SEAL_PLUGIN_UNAVAILABLE")).message).toContain("answered no plaintext");
  });

  it("to wrap keeps only what a blob has", async () => {
    const answer = { ...blob, debug: () => undefined, keyInfo: { keyId: "k", region: "eu" } };
    expect(await contained({ wrap: () => answer }).wrap(plaintext)).toEqual(blob);
  });

  it.each([0, 1.5, "4", undefined])("to maxParallel is SEAL_PLUGIN_UNAVAILABLE when it is %s", async (calls) => {
    const plugin = pluginWith({ maxParallel: () => calls });
    await rejectsWithCode(async () => plugin.maxParallel?.({}), "SEAL_PLUGIN_UNAVAILABLE");
  });

  it.each([
    ["garbage", async () => ({ checks: "fine" })],
    ["an error", async () => Promise.reject(new Error("password: hunter2"))],
  ])("to diagnose becomes a failed check when it is %s", async (_what, diagnose) => {
    const found = await pluginWith({ diagnose }).diagnose?.({}, quietEnvironment);
    expect(found).toMatchObject({ ready: false, checks: [{ status: "failed" }] });
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });

  it("to diagnose is passed on when it is a diagnosis", async () => {
    const found = { sheets: [{ title: "KMS", facts: [["version", "1"]] }], checks: [], ready: true };
    expect(await pluginWith({ diagnose: () => found }).diagnose?.({}, quietEnvironment)).toEqual(found);
  });
});

describe("closing a contained seal", () => {
  it("does not reject where the plugin's close does", async () => {
    await contained({ close: async () => Promise.reject(new Error("no")) }).close();
    await contained({
      close: () => {
        throw new Error("no");
      },
    }).close();
  });

  it("ends after two seconds where the plugin's close hangs", async () => {
    vi.useFakeTimers();
    const { close } = contained({ close: () => new Promise(() => undefined) });
    let ended = false;
    const closing = close().then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
  });
});
