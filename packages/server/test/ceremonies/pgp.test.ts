// SPDX-License-Identifier: Apache-2.0
/** What officers get under PGP, decrypted by the real gpg. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Gpg } from "../pgp/gpg.ts";
import { initialized, startTestServer, submit, type TestServer, unseal } from "./test-server.ts";

let gpg: Gpg;
let server: TestServer;
beforeAll(() => {
  gpg = new Gpg();
  gpg.generate("alice", "rsa2048");
  gpg.generate("bob", "future-default");
});
const folders: string[] = [];
afterAll(async () => {
  gpg.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});
afterEach(() => server.running.stop());

function pgpKeys(): string[] {
  return [gpg.export("alice"), gpg.export("bob", "armored")];
}

function fingerprints(): string[] {
  return [gpg.fingerprint("alice"), gpg.fingerprint("bob")];
}

function decrypted(texts: unknown): string[] {
  return (texts as string[]).map((text) => gpg.decrypt(text));
}

const TWO = { secret_shares: 2, secret_threshold: 2 };

describe("init under PGP", () => {
  it("encrypts unseal shares and root token to their holders, who unseal and log in with them", async () => {
    server = await startTestServer("shamir");
    const body = { ...TWO, pgp_keys: pgpKeys(), root_token_pgp_key: gpg.export("bob") };
    const init = await server.ok("PUT", "sys/init", { body });
    const [hex] = init.keys as string[];
    expect(Buffer.from(hex!, "hex").toString("base64")).toBe((init.keys_base64 as string[])[0]);
    expect((await unseal(server, decrypted(init.keys_base64))).body.sealed).toBe(false);
    const token = gpg.decrypt(String(init.root_token));
    expect((await server.call("GET", "auth/token/lookup-self", { token })).status).toBe(200);
  });

  it("encrypts recovery shares", async () => {
    server = await startTestServer("static");
    const body = { recovery_shares: 2, recovery_threshold: 2, recovery_pgp_keys: pgpKeys() };
    const init = await server.ok("PUT", "sys/init", { body });
    const { nonce } = await server.ok("PUT", "sys/generate-root/attempt", { body: {} });
    const done = await submit(server, "sys/generate-root/update", nonce, decrypted(init.recovery_keys_base64));
    expect(done.body.complete).toBe(true);
  });

  it.each([
    { ...TWO, pgp_keys: ["AAAA"] },
    { ...TWO, pgp_keys: ["AAAA", "AAAA"] },
    { ...TWO, root_token_pgp_key: "notakey" },
    { ...TWO, recovery_pgp_keys: ["AAAA"] },
  ])("refuses %o and leaves the storage uninitialised", async (body) => {
    server = await startTestServer("shamir");
    expect((await server.call("PUT", "sys/init", { body })).status).toBe(400);
    expect(await server.ok("GET", "sys/init")).toEqual({ initialized: false });
  });
});

describe("a rekey under PGP", () => {
  it("tells the fingerprints from the start, keeps a backup if asked, and its holders unseal", async () => {
    server = await startTestServer("shamir");
    const { keys, root } = await initialized(server, "shamir");
    const body = { ...TWO, pgp_keys: pgpKeys(), backup: true };
    const { nonce, pgp_fingerprints, backup } = await server.ok("PUT", "sys/rekey/init", { body });
    expect([pgp_fingerprints, backup]).toEqual([fingerprints(), true]);
    expect((await server.call("GET", "sys/rekey/backup", { token: root })).status).toBe(400);
    const { body: done } = await submit(server, "sys/rekey/update", nonce, keys.slice(0, 2));
    expect(done).toMatchObject({ complete: true, pgp_fingerprints: fingerprints(), backup: true });
    const kept = await server.ok("GET", "sys/rekey/backup", { token: root });
    expect(kept.nonce).toBe(nonce);
    expect(kept.keys).toEqual(
      Object.fromEntries(fingerprints().map((each, at) => [each, [(done.keys as string[])[at]]])),
    );
    expect((await server.call("GET", "sys/rekey/backup")).status).toBe(403);
    expect((await server.call("DELETE", "sys/rekey/backup", { token: root })).status).toBe(204);
    expect((await server.call("GET", "sys/rekey/backup", { token: root })).status).toBe(400);
    await server.running.store.seal();
    expect((await unseal(server, decrypted(done.keys_base64))).body.sealed).toBe(false);
  });

  it("refuses a key twice, by number, before anything starts", async () => {
    server = await startTestServer("shamir");
    await initialized(server, "shamir");
    const body = { ...TWO, pgp_keys: [gpg.export("bob"), gpg.export("bob", "armored")] };
    const { status, error } = await server.call("PUT", "sys/rekey/init", { body });
    expect([status, error]).toEqual([400, expect.stringContaining("PGP key 2 is the same as PGP key 1")]);
    expect((await server.ok("GET", "sys/rekey/init")).started).toBe(false);
  });

  it("with a backup loses nothing when the server dies between commit and answer", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sealwright-pgp-"));
    folders.push(folder);
    server = await startTestServer("shamir", folder);
    const { keys } = await initialized(server, "shamir");
    const body = { ...TWO, pgp_keys: pgpKeys(), backup: true };
    const { nonce } = await server.ok("PUT", "sys/rekey/init", { body });
    // The answer of the last share is received by nobody.
    await submit(server, "sys/rekey/update", nonce, keys.slice(0, 2));
    const entry = await server.running.store.exclusively(({ storage }) => storage.get("core/unseal-keys-backup"));
    await server.running.stop();
    server = await startTestServer("shamir", folder);
    const { Keys } = JSON.parse(Buffer.from(entry!).toString()) as { Keys: Record<string, string[]> };
    const messages = fingerprints().map((each) => Buffer.from(Keys[each]![0]!, "hex").toString("base64"));
    expect((await unseal(server, decrypted(messages))).body.sealed).toBe(false);
  });
});

describe("a root token under PGP", () => {
  it("is read by whoever has the key, and works", async () => {
    server = await startTestServer("static");
    const { keys } = await initialized(server, "static");
    const attempt = await server.ok("PUT", "sys/generate-root/attempt", { body: { pgp_key: gpg.export("alice") } });
    expect(attempt).toMatchObject({ pgp_fingerprint: gpg.fingerprint("alice"), otp: "" });
    const { body } = await submit(server, "sys/generate-root/update", attempt.nonce, keys.slice(1));
    const token = gpg.decrypt(String(body.encoded_token));
    expect((await server.call("GET", "auth/token/lookup-self", { token })).status).toBe(200);
  });
});
