// SPDX-License-Identifier: Apache-2.0
/** The remote fails in the middle of things: our own server, behind a proxy that fails on command. */
import type { Seal } from "@sealwright/seal";
import { type FaultProxy, rejectsWithCode, startFaultProxy } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openSeal, type RemoteServer, startRemote } from "./support/remote-server.ts";

let remote: RemoteServer;
let proxy: FaultProxy;
let seal: Seal;
const rootKey = Buffer.alloc(32, 7);

beforeAll(async () => {
  remote = await startRemote();
  proxy = await startFaultProxy({ port: remote.port });
  seal = await openSeal({ ...remote.stanza, address: `http://${proxy.address}` });
});
afterEach(() => proxy.set({ kind: "none" }));
afterAll(async () => {
  await seal.close();
  await proxy.stop();
  await remote.server.stop();
});

async function works(): Promise<void> {
  expect(Buffer.from(await seal.unwrap(await seal.wrap(rootKey)))).toEqual(rootKey);
}

describe("a remote that is not reached is SEAL_UNAVAILABLE, and the reason is named", () => {
  test("down: the seal opens all the same, and works when the remote is back", async () => {
    const blob = await seal.wrap(rootKey);
    await proxy.offline();
    const opened = await openSeal({ ...remote.stanza, address: `http://${proxy.address}` });
    for (const call of [opened.wrap(rootKey), opened.unwrap(blob), seal.unwrap(blob)]) {
      const { message } = await rejectsWithCode(call, "SEAL_UNAVAILABLE");
      expect(message).toContain(`http://${proxy.address}, which has the transit key autounseal at transit/`);
      expect(message).toContain("nothing listens there");
    }
    await proxy.online();
    expect(Buffer.from(await opened.unwrap(blob))).toEqual(rootKey);
    await opened.close();
  });

  test("no such host", async () => {
    const lost = await openSeal({ ...remote.stanza, address: "http://no-such-host.invalid:8200" });
    const { message } = await rejectsWithCode(lost.wrap(rootKey), "SEAL_UNAVAILABLE");
    expect(message).toMatch(/there is no host of that name|the name service does not answer/);
    await lost.close();
  });

  test("going away while running, by a reset, by half an answer, by garbage", async () => {
    const blob = await seal.wrap(rootKey);
    const faults = [
      [{ kind: "reset" }, "the connection was cut"],
      [{ kind: "garbage", bytes: Buffer.from("\x16\x03\x01 not http\r\n") }, "its answer is not HTTP"],
      [
        { kind: "garbage", bytes: Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{") },
        "the connection was cut",
      ],
      [{ kind: "garbage", bytes: new Uint8Array() }, "the connection was cut"],
    ] as const;
    for (const [fault, reason] of faults) {
      proxy.set(fault);
      expect((await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE")).message).toContain(reason);
    }
    proxy.set({ kind: "none" });
    await works();
  });

  test("TLS expected where none is spoken", async () => {
    const wrong = await openSeal({ ...remote.stanza, address: `https://${proxy.address}` });
    const { message } = await rejectsWithCode(wrong.wrap(rootKey), "SEAL_UNAVAILABLE");
    expect(message).toMatch(/does not speak TLS|speaks no TLS that fits/);
    await wrong.close();
  });

  test("sealed, until it is unsealed", async () => {
    const blob = await seal.wrap(rootKey);
    await remote.server.store.seal();
    for (const call of [seal.unwrap(blob), seal.wrap(rootKey)]) {
      expect((await rejectsWithCode(call, "SEAL_UNAVAILABLE")).message).toContain("is sealed");
    }
    await remote.server.store.unseal();
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
  });
});

describe("a remote that is slow", () => {
  test("answers after 5 seconds: a call with a deadline is SEAL_TIMEOUT at the deadline, one without waits", async () => {
    const blob = await seal.wrap(rootKey);
    proxy.set({ kind: "delay", milliseconds: 5_000 });
    const start = performance.now();
    const late = await rejectsWithCode(seal.unwrap(blob, { signal: AbortSignal.timeout(100) }), "SEAL_TIMEOUT");
    expect(late.message).toContain(`(key autounseal at transit/ of http://${proxy.address}) was abandoned`);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
    expect(performance.now() - start).toBeGreaterThan(4_900);
  });

  test("never answers: the call ends with its signal, and closing ends the connection", async () => {
    proxy.set({ kind: "black hole" });
    const opened = await openSeal({ ...remote.stanza, address: `http://${proxy.address}` });
    await rejectsWithCode(opened.wrap(rootKey, { signal: AbortSignal.timeout(50) }), "SEAL_TIMEOUT");
    const pending = opened.wrap(rootKey);
    await opened.close();
    await rejectsWithCode(pending, "SEAL_TIMEOUT");
  });

  test("asks for fewer requests: SEAL_THROTTLED, each time, and no request more than was asked for", async () => {
    proxy.set({ kind: "status", status: 429, headers: { "Retry-After": "1" }, body: '{"errors":["too many"]}' });
    const before = proxy.connections;
    for (const _ of [1, 2, 3]) await rejectsWithCode(seal.wrap(rootKey), "SEAL_THROTTLED");
    expect(proxy.connections - before).toBe(3);
  });
});

describe("a token that may not", () => {
  const rule = (path: string, capability: string) => `path "${path}" { capabilities = ["${capability}"] }`;

  test("was revoked while running: SEAL_DENIED", async () => {
    const token = await remote.tokenFor(rule("transit/*", "update"));
    const opened = await openSeal({ ...remote.stanza, token });
    const blob = await opened.wrap(rootKey);
    await remote.ask("POST", "auth/token/revoke", { body: { token } });
    for (const call of [opened.unwrap(blob), opened.wrap(rootKey)]) {
      const { message } = await rejectsWithCode(call, "SEAL_DENIED");
      expect(message).toContain("revoked");
      expect(message).not.toContain(token);
    }
    await opened.close();
  });

  test("only wraps: unwrap is SEAL_DENIED, naming decrypt; the other way round too", async () => {
    const blob = await seal.wrap(rootKey);
    const wraps = await openSeal({
      ...remote.stanza,
      token: await remote.tokenFor(rule("transit/encrypt/autounseal", "update")),
    });
    const own = await wraps.wrap(rootKey);
    expect((await rejectsWithCode(wraps.unwrap(own), "SEAL_DENIED")).message).toContain("transit/decrypt/autounseal");
    const unwraps = await openSeal({
      ...remote.stanza,
      token: await remote.tokenFor(rule("transit/decrypt/autounseal", "update")),
    });
    expect(Buffer.from(await unwraps.unwrap(blob))).toEqual(rootKey);
    expect((await rejectsWithCode(unwraps.wrap(rootKey), "SEAL_DENIED")).message).toContain(
      "transit/encrypt/autounseal",
    );
    await Promise.all([wraps.close(), unwraps.close()]);
  });

  test("may create nothing: a key that is not there is SEAL_DENIED when wrapping, and is not made", async () => {
    const token = await remote.tokenFor(rule("transit/*", "update"));
    const opened = await openSeal({ ...remote.stanza, token, key_name: "none" });
    await rejectsWithCode(opened.wrap(rootKey), "SEAL_DENIED");
    await rejectsWithCode(opened.unwrap(await seal.wrap(rootKey)), "SEAL_KEY_MISSING");
    expect((await remote.ask("GET", "transit/keys/none")).status).toBe(404);
    await opened.close();
  });
});

describe("the key at the remote", () => {
  test("rotated: old blobs open, new ones use the new version, and the key id says which", async () => {
    const before = await seal.wrap(rootKey);
    await remote.ask("POST", "transit/keys/autounseal/rotate");
    const after = await seal.wrap(rootKey);
    expect([before.keyInfo?.keyId, after.keyInfo?.keyId]).toEqual(["v1", "v2"]);
    for (const blob of [before, after]) expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);
    await remote.ask("POST", "transit/keys/autounseal/config", { body: { min_decryption_version: 2 } });
    const { message } = await rejectsWithCode(seal.unwrap(before), "SEAL_KEY_DISABLED");
    expect(message).toContain("min_decryption_version");
    expect(Buffer.from(await seal.unwrap(after))).toEqual(rootKey);
    await remote.ask("POST", "transit/keys/autounseal/config", { body: { min_decryption_version: 1 } });
  });

  test("deleted and made again: SEAL_BAD_CIPHERTEXT, and SEAL_KEY_MISSING where the version is not there", async () => {
    await remote.ask("POST", "transit/keys/short-lived");
    const opened = await openSeal({ ...remote.stanza, token: remote.rootToken, key_name: "short-lived" });
    const first = await opened.wrap(rootKey);
    await remote.ask("POST", "transit/keys/short-lived/rotate");
    const second = await opened.wrap(rootKey);
    await remote.ask("POST", "transit/keys/short-lived/config", { body: { deletion_allowed: true } });
    await remote.ask("DELETE", "transit/keys/short-lived");
    await rejectsWithCode(opened.unwrap(first), "SEAL_KEY_MISSING");
    await remote.ask("POST", "transit/keys/short-lived");
    await rejectsWithCode(opened.unwrap(first), "SEAL_BAD_CIPHERTEXT");
    await rejectsWithCode(opened.unwrap(second), "SEAL_KEY_MISSING");
    await opened.close();
  });

  test("at another mount, or at one that is none: SEAL_KEY_MISSING, SEAL_CONFIG or SEAL_UNAVAILABLE", async () => {
    const at = (mount_path: string) => openSeal({ ...remote.stanza, token: remote.rootToken, mount_path });
    const nowhere = await at("nowhere");
    expect((await rejectsWithCode(nowhere.wrap(rootKey), "SEAL_KEY_MISSING")).message).toContain("nothing is mounted");
    const keyValue = await at("secret");
    const { message } = await rejectsWithCode(keyValue.wrap(rootKey), "SEAL_UNAVAILABLE");
    expect(message).toContain("is no transit engine at secret/");
    const own = await at("sys");
    await rejectsWithCode(own.wrap(rootKey), "SEAL_CONFIG");
    await Promise.all([nowhere.close(), keyValue.close(), own.close()]);
  });
});
