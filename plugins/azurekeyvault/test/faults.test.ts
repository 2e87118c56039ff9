// SPDX-License-Identifier: Apache-2.0
/** The vault, the network and the key fail: what the seal says, how long it takes, and how often it asks. */
import { readFileSync } from "node:fs";
import type { Seal, SealedBlob } from "@sealwright/seal";
import { type FaultProxy, rejectsWithCode, startFaultProxy } from "@sealwright/testing";
import { type KeyCall, type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openSeal } from "./support/open-seal.ts";

let vault: KeyVaultServer;
let proxy: FaultProxy;
let seal: Seal;
let blob: SealedBlob;
const rootKey = Buffer.alloc(32, 7);

beforeAll(async () => {
  vault = await startKeyVault();
  proxy = await startFaultProxy({ port: vault.port });
  seal = await openSeal({ ...vault.config, vault_url: `https://${proxy.address}` });
  blob = await seal.wrap(rootKey);
});
afterEach(() => {
  proxy.set({ kind: "none" });
  vault.answerWith(undefined);
  vault.throttle(undefined);
  vault.slow(0);
});
afterAll(async () => {
  await seal.close();
  await proxy.stop();
  await vault.stop();
});

const works = async (): Promise<void> => expect(Buffer.from(await seal.unwrap(blob))).toEqual(rootKey);

describe("a vault that is not reached is SEAL_UNAVAILABLE, and the reason is named", () => {
  test("down: the seal opens all the same, and works when the vault is back", async () => {
    await proxy.offline();
    const opened = await openSeal({ ...vault.config, vault_url: `https://${proxy.address}` });
    for (const call of [opened.wrap(rootKey), opened.unwrap(blob), seal.unwrap(blob)]) {
      const { message } = await rejectsWithCode(call, "SEAL_UNAVAILABLE");
      expect(message).toBe(
        `https://${proxy.address}, which has the key autounseal, is not reached: nothing listens there`,
      );
    }
    await proxy.online();
    expect(Buffer.from(await opened.unwrap(blob))).toEqual(rootKey);
    await opened.close();
  });

  test("no vault of that name", async () => {
    const lost = await openSeal({ ...vault.config, vault_url: "https://no-such-vault.invalid" });
    const { message, advice } = await rejectsWithCode(lost.wrap(rootKey), "SEAL_UNAVAILABLE");
    expect(message).toMatch(/there is no host of that name|the name service does not answer/);
    expect(advice).toMatch(/correct vault_name|up and reachable/);
    await lost.close();
  });

  test("a certificate of an authority that is not trusted", async () => {
    const { tls_ca_cert: _, ...config } = vault.config;
    const untrusting = await openSeal(config);
    const { message, advice } = await rejectsWithCode(untrusting.wrap(rootKey), "SEAL_UNAVAILABLE");
    expect(message).toContain("comes from no authority that is trusted");
    expect(advice).toContain("tls_ca_cert");
    await untrusting.close();
  });

  test("going away while running, by a reset or garbage: tried again, then told", async () => {
    const faults = [
      [{ kind: "reset" }, "the connection was cut"],
      [{ kind: "garbage", bytes: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n") }, "TLS"],
      [{ kind: "garbage", bytes: new Uint8Array() }, "the connection was cut"],
    ] as const;
    for (const [fault, reason] of faults) {
      proxy.set(fault);
      // Kept connections know nothing of the fault yet; a new one does.
      await proxy.offline();
      await proxy.online();
      expect((await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE")).message).toContain(reason);
    }
    proxy.set({ kind: "none" });
    await works();
  });

  test("a kept connection that was closed meanwhile is no failure", async () => {
    await works();
    await proxy.offline();
    await proxy.online();
    await works();
  });

  test("a proxy that refuses: SEAL_UNAVAILABLE", async () => {
    vault.answerWith(() => ({ status: 502 }));
    const { message } = await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
    expect(message).toContain("with status 502");
  });

  test("something that answers but is no vault", async () => {
    for (const body of [{}, { kid: "x", value: "AAAA" }, { kid: `${vault.url}/keys/other/1`, value: "AAAA" }]) {
      vault.answerWith(() => ({ status: 200, body }));
      const { message } = await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE");
      expect(message).toContain("is no Key Vault with the key autounseal (status 200)");
    }
  });
});

describe("a vault that is slow", () => {
  test("answers after 5 seconds: a call with a deadline is SEAL_TIMEOUT at the deadline, one without waits", async () => {
    vault.slow(5_000);
    const start = performance.now();
    const late = await rejectsWithCode(seal.unwrap(blob, { signal: AbortSignal.timeout(100) }), "SEAL_TIMEOUT");
    expect(late.message).toContain(`(the key autounseal of https://${proxy.address}) was abandoned`);
    expect(performance.now() - start).toBeLessThan(2_000);
    await works();
    expect(performance.now() - start).toBeGreaterThan(4_900);
  });

  test("never answers: the call ends with its signal, and closing ends the request", async () => {
    const opened = await openSeal({ ...vault.config, vault_url: `https://${proxy.address}` });
    proxy.set({ kind: "black hole" });
    await rejectsWithCode(opened.wrap(rootKey, { signal: AbortSignal.timeout(50) }), "SEAL_TIMEOUT");
    const pending = opened.wrap(rootKey);
    await opened.close();
    await rejectsWithCode(pending, "SEAL_TIMEOUT");
  });
});

describe("a vault that throttles", () => {
  let answered = 0;
  const count = (retryAfter?: string) => {
    answered = 0;
    const headers = retryAfter === undefined ? {} : { "Retry-After": retryAfter };
    vault.answerWith(() => {
      answered++;
      return { status: 429, headers };
    });
  };

  test("for a minute: SEAL_THROTTLED at once, and not asked again", async () => {
    count("60");
    const start = performance.now();
    const { message } = await rejectsWithCode(seal.unwrap(blob), "SEAL_THROTTLED");
    expect(message).toBe(`https://${proxy.address} takes no more requests for the key autounseal now`);
    expect([answered, performance.now() - start < 1_000]).toEqual([1, true]);
  });

  test("for a second: waits as asked, at most twice, then SEAL_THROTTLED", async () => {
    count("1");
    const start = performance.now();
    await rejectsWithCode(seal.unwrap(blob), "SEAL_THROTTLED");
    expect(answered).toBe(3);
    expect(performance.now() - start).toBeGreaterThan(1_990);
  });

  test("without saying for how long, or until a time that has passed: two short pauses", async () => {
    for (const retryAfter of [undefined, "Thu, 01 Jan 1970 00:00:00 GMT"]) {
      count(retryAfter);
      await rejectsWithCode(seal.unwrap(blob), "SEAL_THROTTLED");
      expect(answered).toBe(3);
    }
  });

  test("the pause ends with the caller's signal", async () => {
    count("2");
    const start = performance.now();
    await rejectsWithCode(seal.unwrap(blob, { signal: AbortSignal.timeout(100) }), "SEAL_TIMEOUT");
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test("before it asks for a token: SEAL_THROTTLED too", async () => {
    vault.throttle(60);
    const opened = await openSeal(vault.config);
    await rejectsWithCode(opened.wrap(rootKey), "SEAL_THROTTLED");
    await opened.close();
  });
});

describe("the key at the vault", () => {
  test("rotated: old blobs open, new ones use the new version, and the key id says which", async () => {
    const newest = await vault.rotateKey();
    const after = await seal.wrap(rootKey);
    expect([after.keyInfo?.keyId === newest, blob.keyInfo?.keyId === newest]).toEqual([true, false]);
    await works();
    expect(Buffer.from(await seal.unwrap(after))).toEqual(rootKey);
  });

  test("disabled in the version that wrapped: SEAL_KEY_DISABLED, and new blobs go on", async () => {
    const version = blob.keyInfo?.keyId ?? "";
    vault.keys.update(vault.key, version, { attributes: { enabled: false } });
    await rejectsWithCode(seal.unwrap(blob), "SEAL_KEY_DISABLED");
    await seal.unwrap(await seal.wrap(rootKey));
    vault.keys.update(vault.key, version, { attributes: { enabled: true } });
    await works();
  });

  test("expired: wraps no more, SEAL_KEY_DISABLED, and what it wrapped opens", async () => {
    vault.keys.update(vault.key, "", { attributes: { exp: 1 } });
    const { message, advice } = await rejectsWithCode(seal.wrap(rootKey), "SEAL_KEY_DISABLED");
    expect(message).toContain("has expired");
    expect(advice).toContain("rotate it");
    await works();
    vault.keys.update(vault.key, "", { attributes: { exp: undefined } });
  });

  test("deleted but recoverable: SEAL_KEY_MISSING, and the advice is to recover it", async () => {
    vault.deleteKey();
    const { advice } = await rejectsWithCode(seal.unwrap(blob), "SEAL_KEY_MISSING");
    expect(advice).toContain("recover the key");
    await rejectsWithCode(seal.wrap(rootKey), "SEAL_KEY_MISSING");
    vault.recoverKey();
    await works();
  });

  test("of the wrong kind: SEAL_CONFIG, naming what is needed", async () => {
    await vault.keys.create("curve", { kty: "EC" });
    await vault.keys.create("signing", { kty: "RSA" }, { key_ops: ["sign", "verify"] });
    for (const key_name of ["curve", "signing"]) {
      const other = await openSeal({ ...vault.config, key_name });
      const { message, advice } = await rejectsWithCode(other.wrap(rootKey), "SEAL_CONFIG");
      expect(message).toContain(`the key ${key_name} of ${vault.url} is not made for wrapKey`);
      expect(advice).toContain("wrapKey and unwrapKey");
      await other.close();
    }
  });

  test("of another vault, with the same name: SEAL_KEY_MISSING, naming the version", async () => {
    const other = await startKeyVault();
    const elsewhere = await openSeal(other.config);
    const { message } = await rejectsWithCode(elsewhere.unwrap(blob), "SEAL_KEY_MISSING");
    expect(message).toContain(`${other.url} has no version ${blob.keyInfo?.keyId} of the key autounseal`);
    await elsewhere.close();
    await other.stop();
  });
});

describe("an identity that may not", () => {
  test("wrap only, or unwrap only: SEAL_DENIED, naming the permission that is missing", async () => {
    for (const [permission, other] of [
      ["wrapKey", "unwrapKey"],
      ["unwrapKey", "wrapKey"],
    ] as const) {
      const { clientId, clientSecret } = vault.addIdentity([permission]);
      const half = await openSeal({ ...vault.config, client_id: clientId, client_secret: clientSecret });
      const call = other === "wrapKey" ? half.wrap(rootKey) : half.unwrap(blob);
      const { message, advice } = await rejectsWithCode(call, "SEAL_DENIED");
      expect(message).toBe(`${vault.url} denies ${other} with the key autounseal`);
      expect(advice).toContain(`keys/${other}`);
      await half.close();
    }
  });

  test("reach the vault through its firewall: SEAL_DENIED, naming the firewall", async () => {
    const body = { error: { code: "Forbidden", message: "", innererror: { code: "ForbiddenByFirewall" } } };
    vault.answerWith(() => ({ status: 403, body }));
    expect((await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED")).message).toContain("firewall");
  });
});

describe("servers that differ from the service", () => {
  const unversioned = (status: number) => async (): Promise<void> => {
    const { version } = vault.keys.get(vault.key);
    const { clientId, clientSecret } = vault.addIdentity(["wrapKey", "unwrapKey", "get"]);
    const opened = await openSeal({ ...vault.config, client_id: clientId, client_secret: clientSecret });
    const refuses = ({ operation, version: named }: KeyCall) => operation === "wrapKey" && named === "";
    vault.answerWith((call) => (refuses(call) ? { status } : undefined));
    expect((await opened.wrap(rootKey)).keyInfo?.keyId).toBe(version);
    await opened.close();
  };
  test("404 for a wrap that names no version: the version is looked up", unversioned(404));
  test("405 for it: the same", unversioned(405));

  test("500 for a ciphertext that does not open: SEAL_BAD_CIPHERTEXT; any other 500 is SEAL_UNAVAILABLE", async () => {
    const reply = (message: string) =>
      vault.answerWith(() => ({ status: 500, body: { error: { code: "", message } } }));
    reply("Cannot decrypt");
    await rejectsWithCode(seal.unwrap(blob), "SEAL_BAD_CIPHERTEXT");
    reply("Internal error");
    await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
  });
});

test("no message or cause has a secret of the login", async () => {
  const secret = vault.config.client_secret ?? "";
  vault.deny();
  const error = await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED");
  vault.allow();
  for (const text of [error.message, error.stack, String(error.cause), JSON.stringify(error)]) {
    expect(text).not.toContain(secret);
  }
  expect(readFileSync(vault.caFile, "utf8")).not.toContain("PRIVATE KEY");
});
