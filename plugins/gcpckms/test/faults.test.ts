// SPDX-License-Identifier: Apache-2.0
/** Cloud KMS fails in the middle of things: our own server, and a proxy in front of it that fails on command. */
import type { Seal, SealedBlob } from "@sealwright/seal";
import { type FaultProxy, rejectsWithCode, startFaultProxy } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { crc32c } from "../src/crc32c.ts";
import { openSeal, stanzaFor } from "./support/cloud.ts";

let kms: CloudKms;
let proxy: FaultProxy;
let seal: Seal;
const rootKey = Buffer.alloc(32, 7);

beforeAll(async () => {
  kms = await startCloudKms();
  proxy = await startFaultProxy({ port: kms.port });
});
beforeEach(async () => {
  // The shortest pauses between attempts.
  vi.spyOn(Math, "random").mockReturnValue(0);
  // With connections of its own: one that lost bytes to a fault is of no use after it.
  seal = await openFresh();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await seal.close();
  proxy.set({ kind: "none" });
  kms.heal();
});
afterAll(async () => {
  await proxy.stop();
  await kms.stop();
});

/** Resolves once `opened` unwraps `blob`; rejects after `patienceMs`. */
async function opensAgain(opened: Seal, blob: SealedBlob, patienceMs: number): Promise<void> {
  const unwrapped = () => opened.unwrap(blob).catch(() => undefined);
  await expect.poll(async () => Buffer.from((await unwrapped()) ?? []), { timeout: patienceMs }).toEqual(rootKey);
}

const openFresh = () => openSeal({ ...stanzaFor(kms), endpoint: `http://${proxy.address}` });

describe("a service that is not reached is SEAL_UNAVAILABLE, and the reason is named", () => {
  test("down: the seal opens all the same, and works within two seconds after the service is back", async () => {
    const blob = await seal.wrap(rootKey);
    await proxy.offline();
    const opened = await openFresh();
    for (const call of [() => opened.wrap(rootKey), () => opened.unwrap(blob), () => seal.unwrap(blob)]) {
      const { message } = await rejectsWithCode(call(), "SEAL_UNAVAILABLE");
      expect(message).toContain(`${proxy.address}, which has the key ${kms.key}, is not reached`);
    }
    const { message } = await rejectsWithCode(opened.unwrap(blob), "SEAL_UNAVAILABLE");
    expect(message).toContain("nothing listens there");
    await proxy.online();
    await opensAgain(opened, blob, 2_000);
    await opened.close();
  });

  test("no such host", async () => {
    const settings = { endpoint: "http://no-such-host.invalid:1", endpoint_plaintext: "true" };
    const lost = await openSeal({ ...stanzaFor(kms), ...settings });
    const { message } = await rejectsWithCode(lost.wrap(rootKey), "SEAL_UNAVAILABLE");
    expect(message).toContain("there is no host of that name");
    await lost.close();
  });

  test.each([
    ["a reset", { kind: "reset" }],
    ["garbage", { kind: "garbage", bytes: Buffer.from("\x16\x03\x01 not HTTP/2\r\n") }],
    ["nothing", { kind: "garbage", bytes: new Uint8Array() }],
    ["HTTP/1.1, too many requests", { kind: "status", status: 429, headers: { "Retry-After": "1" } }],
    ["HTTP/1.1, unavailable", { kind: "status", status: 503 }],
  ] as const)("answering by %s", async (_what, fault) => {
    const [blob, opened] = [await seal.wrap(rootKey), await openFresh()];
    proxy.set(fault);
    const { message } = await rejectsWithCode(opened.unwrap(blob), "SEAL_UNAVAILABLE");
    expect(message).toContain(kms.key);
    proxy.set({ kind: "none" });
    await opensAgain(opened, blob, 3_000);
    await opened.close();
  });

  test("TLS expected where none is spoken", async () => {
    const wrong = await openSeal({ ...stanzaFor(kms), endpoint: `https://localhost:${kms.port}`, credentials: USER });
    const { message } = await rejectsWithCode(wrong.wrap(rootKey), "SEAL_UNAVAILABLE");
    expect(message).toContain("does not speak TLS");
    await wrong.close();
  });
});

const USER = JSON.stringify({ type: "authorized_user", client_id: "i", client_secret: "s", refresh_token: "t" });

describe("a service that is slow", () => {
  test("answers after 5 seconds: a call with a deadline is SEAL_TIMEOUT at the deadline, one without waits", async () => {
    const blob = await seal.wrap(rootKey);
    kms.slow(5_000);
    const start = performance.now();
    const late = await rejectsWithCode(seal.unwrap(blob, { signal: AbortSignal.timeout(100) }), "SEAL_TIMEOUT");
    expect(late.message).toContain(kms.key);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
    expect(performance.now() - start).toBeGreaterThan(4_900);
  });

  test("never answers: the call ends with its signal, and closing ends what is under way", async () => {
    const opened = await openFresh();
    proxy.set({ kind: "black hole" });
    await rejectsWithCode(opened.wrap(rootKey, { signal: AbortSignal.timeout(50) }), "SEAL_TIMEOUT");
    const pending = opened.wrap(rootKey);
    await opened.close();
    await rejectsWithCode(pending, "SEAL_TIMEOUT");
  });

  test("asks for fewer requests: SEAL_THROTTLED after three, and no request more", async () => {
    kms.throttle();
    const before = kms.calls.length;
    const start = performance.now();
    const { message } = await rejectsWithCode(seal.wrap(rootKey), "SEAL_THROTTLED");
    expect(message).toContain("a quota of test-project is used up");
    expect(kms.calls.length - before).toBe(3);
    expect(performance.now() - start).toBeGreaterThan(240);
  });

  test("throttles twice, then answers: nobody notices", async () => {
    const blob = await seal.wrap(rootKey);
    kms.throttle(2);
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
  });

  test("throttles until the caller gives up: no request goes out after that", async () => {
    kms.throttle();
    const controller = new AbortController();
    const before = kms.calls.length;
    const call = seal.wrap(rootKey, { signal: controller.signal });
    await expect.poll(() => kms.calls.length - before, { interval: 1 }).toBe(1);
    controller.abort();
    await rejectsWithCode(call, "SEAL_TIMEOUT");
    kms.heal();
    await seal.wrap(rootKey);
    expect(kms.calls.length - before).toBe(2);
  });
});

describe("bytes that are damaged on the way are SEAL_UNAVAILABLE, never SEAL_BAD_CIPHERTEXT", () => {
  const flip = (bytes: Uint8Array): Buffer => Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 1, 0, 1);

  test.each(["Encrypt", "Decrypt"])("in the answer to %s, each time", async (damaged) => {
    const blob = await seal.wrap(rootKey);
    const before = kms.calls.length;
    kms.tamper((method, response) => {
      if (method !== damaged) return response;
      const name = method === "Encrypt" ? "ciphertext" : "plaintext";
      return { ...response, [name]: flip((response as Record<string, Uint8Array>)[name] ?? new Uint8Array()) };
    });
    const { message } = await rejectsWithCode(
      damaged === "Encrypt" ? seal.wrap(rootKey) : seal.unwrap(blob),
      "SEAL_UNAVAILABLE",
    );
    expect(message).toContain("does not have its checksum");
    expect(kms.calls.length - before).toBe(3);
  });

  test("in a request whose checksum the service did not see", async () => {
    kms.tamper((_method, response) => ({ ...response, verifiedPlaintextCrc32c: false }));
    await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE");
  });

  test("once: it is tried again", async () => {
    const blob = await seal.wrap(rootKey);
    let damaged = 0;
    kms.tamper((_method, response) => (damaged++ === 0 ? { ...response, plaintext: Buffer.alloc(32) } : response));
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
    expect(damaged).toBe(2);
  });

  test("checksums are those of RFC 3720, appendix B.4", () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
    const values = [new Uint8Array(32), new Uint8Array(32).fill(0xff), ascending, ascending.toReversed()].map(crc32c);
    expect(values).toEqual([0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c]);
  });
});

describe("what other servers leave out", () => {
  test("no checksums, as some emulators: the answer counts", async () => {
    kms.tamper((_method, response) => ({
      ...response,
      verifiedPlaintextCrc32c: false,
      ciphertextCrc32c: null,
      plaintextCrc32c: null,
    }));
    expect(Buffer.from(await seal.unwrap(await seal.wrap(rootKey)))).toEqual(rootKey);
  });

  test.each([
    ["the version's name", { name: "" }],
    ["a version in the name", { name: "projects/p/locations/global/keyRings/r/cryptoKeys/k" }],
    ["the ciphertext", { ciphertext: Buffer.alloc(0) }],
  ])("%s: SEAL_UNAVAILABLE, saying that it is no Cloud KMS", async (_what, change) => {
    kms.tamper((_method, response) => ({ ...response, ...change }));
    expect((await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE")).message).toContain("is no Cloud KMS");
  });

  test("the plaintext: SEAL_UNAVAILABLE", async () => {
    const blob = await seal.wrap(rootKey);
    kms.tamper((_method, response) => ({ ...response, plaintext: Buffer.alloc(0) }));
    await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
  });
});
