// SPDX-License-Identifier: Apache-2.0
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataPrefix } from "../../src/mounts/mount.ts";
import { at } from "../mounts/test-server.ts";
import { base64, errorOf, startTransitServer, type TransitServer } from "./transit-server.ts";

let server: TransitServer;

beforeAll(async () => {
  server = await startTransitServer();
  await server.post("keys/a");
  await server.post("keys/a/rotate");
  await server.post("keys/b");
});
afterAll(() => server.server.stop());

const encrypt = async (name: string, fields: object = {}) =>
  String(
    at(await server.post(`encrypt/${name}`, { plaintext: base64("attack at dawn"), ...fields }), "data.ciphertext"),
  );

/** The material of a version, out of the open barrier: no path of the API gives it. */
async function material(name: string, version: number): Promise<Buffer> {
  const uuid = String(at(await server.ask("GET", "sys/mounts/transit"), "data.uuid"));
  const { barrier } = server.server.store;
  const entry = await barrier.get(`${dataPrefix(uuid)}keys/${name}`);
  const { id } = JSON.parse(String(entry)) as { id: string };
  return (await barrier.get(`${dataPrefix(uuid)}material/${id}/${version}`)) ?? Buffer.alloc(0);
}

describe("texts that do not decrypt", () => {
  const refusals: [what: string, change: (text: string) => string, says: string][] = [
    ["an empty one", () => "", "missing ciphertext to decrypt"],
    ["another prefix", (text) => text.replace("vault", "bault"), "invalid ciphertext: no prefix"],
    ["no version", () => "vault:v2", "invalid ciphertext: wrong number of fields"],
    ["a version that is no number", (text) => text.replace("v2", "vx"), "version number could not be decoded"],
    ["a version of exponents", (text) => text.replace("v2", "v1e1"), "version number could not be decoded"],
    ["a negative version", (text) => text.replace("v2", "v-1"), "version number could not be decoded"],
    ["a version to come", (text) => text.replace("v2", "v3"), "invalid ciphertext: version is too new"],
    ["another version", (text) => text.replace("v2", "v1"), "cipher: message authentication failed"],
    ["no base64", (text) => `${text}!`, "invalid ciphertext: could not decode base64"],
    ["base64 cut short", (text) => text.slice(0, -1), "invalid ciphertext: could not decode base64"],
    ["a text cut short", (text) => text.slice(0, -4), "cipher: message authentication failed"],
    ["27 bytes", () => `vault:v2:${Buffer.alloc(27).toString("base64")}`, "invalid ciphertext length"],
    ["nothing after the version", () => "vault:v2:", "invalid ciphertext length"],
  ];

  test.each(refusals)("%s", async (_what, change, says) => {
    for (const operation of ["decrypt", "rewrap"]) {
      const answer = await server.post(`${operation}/a`, { ciphertext: change(await encrypt("a")) });
      expect({ status: answer.status, error: errorOf(answer) }).toEqual({
        status: 400,
        error: expect.stringContaining(says),
      });
    }
  });

  test("every altered byte", async () => {
    const sealed = Buffer.from((await encrypt("a")).slice("vault:v2:".length), "base64");
    for (let index = 0; index < sealed.length; index++) {
      const altered = Buffer.from(sealed);
      altered[index]! ^= 1;
      const answer = await server.post("decrypt/a", { ciphertext: `vault:v2:${altered.toString("base64")}` });
      expect(errorOf(answer)).toBe("cipher: message authentication failed");
    }
  });

  test("another key's", async () => {
    expect(errorOf(await server.post("decrypt/b", { ciphertext: await encrypt("a", { key_version: 1 }) }))).toBe(
      "cipher: message authentication failed",
    );
  });

  test("other, missing or additional associated data", async () => {
    const bound = await encrypt("a", { associated_data: base64("x") });
    const free = await encrypt("a");
    const cases = [
      { ciphertext: bound },
      { ciphertext: bound, associated_data: base64("y") },
      { ciphertext: free, associated_data: base64("x") },
    ];
    for (const fields of cases) {
      expect(errorOf(await server.post("decrypt/a", fields))).toBe("cipher: message authentication failed");
    }
    expect((await server.post("decrypt/a", { ciphertext: bound, associated_data: base64("x") })).status).toBe(200);
  });

  test("those of a key that is not there, which is not made", async () => {
    for (const operation of ["decrypt", "rewrap"]) {
      const answer = await server.post(`${operation}/none`, { ciphertext: await encrypt("a") });
      expect({ status: answer.status, error: errorOf(answer) }).toEqual({
        status: 400,
        error: "encryption key not found",
      });
    }
    expect((await server.ask("GET", "transit/keys/none")).status).toBe(404);
  });

  test("those of a version below the lowest allowed, until it is allowed again", async () => {
    const ciphertext = await encrypt("a", { key_version: 1 });
    await server.post("keys/a/config", { min_decryption_version: 2 });
    expect(errorOf(await server.post("decrypt/a", { ciphertext }))).toBe(
      "ciphertext or signature version is disallowed by policy (too old)",
    );
    expect(errorOf(await server.post("encrypt/a", { plaintext: "", key_version: 1 }))).toContain(
      "less than the minimum",
    );
    await server.post("keys/a/config", { min_decryption_version: 1 });
    expect((await server.post("decrypt/a", { ciphertext })).status).toBe(200);
  });
});

describe("what is not encrypted", () => {
  test.each([
    ["no plaintext", {}, "missing plaintext to encrypt"],
    ["a plaintext that is no base64", { plaintext: "!" }, "illegal base64 data"],
    ["one without padding", { plaintext: "QQ" }, "illegal base64 data"],
    ["associated data that is no base64", { plaintext: "", associated_data: "?" }, "illegal base64 data"],
    ["a plaintext that is no text", { plaintext: 5 }, "plaintext: expected a text"],
    ["another type", { plaintext: "", type: "ecdsa-p256" }, "unknown key type ecdsa-p256"],
    ["derivation", { plaintext: "", context: "QUFB" }, "context is not served"],
    ["a nonce of one's own", { plaintext: "", nonce: "QUFB" }, "nonce is not served"],
    ["an empty batch", { batch_input: [] }, "missing batch input to process"],
    ["a batch that is no list", { batch_input: "x" }, "expected a list"],
  ])("%s is refused, and no key is made", async (_what, body, sentence) => {
    const answer = await server.post("encrypt/fresh", body);
    expect({ status: answer.status, error: errorOf(answer) }).toEqual({
      status: 400,
      error: expect.stringContaining(sentence),
    });
    expect((await server.ask("GET", "transit/keys/fresh")).status).toBe(404);
  });

  test.each([
    [-1, "negative"],
    [3, "higher than the latest key version"],
  ])("version %i of two is refused", async (key_version, why) => {
    const answer = await server.post("encrypt/a", { plaintext: "", key_version });
    expect(errorOf(answer)).toBe(`requested version for encryption is ${why}`);
  });

  test("a version below min_encryption_version is refused", async () => {
    await server.post("keys/a/config", { min_encryption_version: 2 });
    expect(errorOf(await server.post("encrypt/a", { plaintext: "", key_version: 1 }))).toContain(
      "less than the minimum",
    );
    await server.post("keys/a/config", { min_encryption_version: 0 });
  });
});

describe("ciphertexts are Vault's", () => {
  test("AES-256-GCM with a 12-byte nonce in front and a 16-byte tag behind, as Node alone decrypts them", async () => {
    for (const [version, aad] of [
      [1, ""],
      [2, "bound to this"],
    ] as const) {
      const text = await encrypt("a", { key_version: version, associated_data: base64(aad) });
      expect(text.startsWith(`vault:v${version}:`)).toBe(true);
      const sealed = Buffer.from(text.slice("vault:v1:".length), "base64");
      expect(sealed.length).toBe(12 + "attack at dawn".length + 16);
      const key = await material("a", version);
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(-16));
      const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      expect(plaintext.toString()).toBe("attack at dawn");
    }
  });

  test("what Node alone encrypted decrypts; version 0 is version 1", async () => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", await material("a", 1), nonce, { authTagLength: 16 });
    const sealed = Buffer.concat([nonce, cipher.update("made elsewhere"), cipher.final(), cipher.getAuthTag()]);
    for (const version of [0, 1]) {
      const ciphertext = `vault:v${version}:${sealed.toString("base64")}`;
      expect(at(await server.post("decrypt/a", { ciphertext }), "data")).toEqual({
        plaintext: base64("made elsewhere"),
      });
    }
  });

  test("the same plaintext twice gives two texts; an empty one can be encrypted", async () => {
    expect(await encrypt("a")).not.toBe(await encrypt("a"));
    const answer = await server.post("encrypt/a", { plaintext: "" });
    expect(at(answer, "data")).toEqual({ ciphertext: expect.stringMatching(/^vault:v2:/), key_version: 2 });
    const ciphertext = at(answer, "data.ciphertext");
    expect(at(await server.post("decrypt/a", { ciphertext }), "data")).toEqual({ plaintext: "" });
  });

  test("rewrap moves a text to the latest version without showing what is in it", async () => {
    const answer = await server.post("rewrap/a", { ciphertext: await encrypt("a", { key_version: 1 }) });
    expect(at(answer, "data")).toEqual({ ciphertext: expect.stringMatching(/^vault:v2:/), key_version: 2 });
    expect(answer.text).not.toContain(base64("attack at dawn"));
    const back = await server.post("decrypt/a", { ciphertext: at(answer, "data.ciphertext") });
    expect(at(back, "data.plaintext")).toBe(base64("attack at dawn"));
  });
});

describe("a batch", () => {
  test("gives results in order, and 400 with the others done where one is refused", async () => {
    const batch_input = [
      { plaintext: base64("one"), reference: "first" },
      { plaintext: "!", reference: "second" },
      { plaintext: base64("three"), key_version: 1 },
    ];
    const answer = await server.post("encrypt/a", { batch_input, plaintext: "ignored" });
    expect(answer.status).toBe(400);
    const results = at(answer, "data.batch_results") as { ciphertext?: string }[];
    expect(results).toEqual([
      { ciphertext: expect.stringMatching(/^vault:v2:/), key_version: 2, reference: "first" },
      { error: expect.stringContaining("illegal base64 data"), reference: "second" },
      { ciphertext: expect.stringMatching(/^vault:v1:/), key_version: 1, reference: "" },
    ]);
    const good = results.flatMap(({ ciphertext }) => (ciphertext === undefined ? [] : [{ ciphertext }]));
    const opened = await server.post("decrypt/a", { batch_input: good });
    expect(opened.status).toBe(200);
    expect(at(opened, "data.batch_results")).toEqual([
      { plaintext: base64("one"), reference: "" },
      { plaintext: base64("three"), reference: "" },
    ]);
  });
});

test("Vault's Go clients, and so its and OpenBao's transit seals, send PUT and read three fields and a version", async () => {
  const token = await server.tokenFor(
    'path "transit/+/a" { capabilities = ["update"] }\npath "auth/token/renew-self" { capabilities = ["update"] }',
  );
  const put = (path: string, body: object) => server.ask("PUT", path, { token, body });
  expect((await put("auth/token/renew-self", { increment: 0 })).status).toBe(200);
  const ciphertext = String(at(await put("transit/encrypt/a", { plaintext: base64("a") }), "data.ciphertext"));
  expect(ciphertext.split(":")).toEqual(["vault", "v2", expect.any(String)]);
  expect(at(await put("transit/decrypt/a", { ciphertext }), "data.plaintext")).toBe(base64("a"));
});

describe("policies", () => {
  test("update alone encrypts with a key that is there, and makes none", async () => {
    const token = await server.tokenFor('path "transit/encrypt/*" { capabilities = ["update"] }');
    expect((await server.post("encrypt/a", { plaintext: "" }, token)).status).toBe(200);
    expect((await server.post("encrypt/made", { plaintext: "" }, token)).status).toBe(403);
    expect((await server.ask("GET", "transit/keys/made")).status).toBe(404);
    for (const path of ["decrypt/a", "rewrap/a", "keys/a", "keys/a/rotate"]) {
      expect((await server.post(path, {}, token)).status).toBe(403);
    }
  });

  test("create encrypts with a key that is not there, and so makes it", async () => {
    const token = await server.tokenFor('path "transit/encrypt/*" { capabilities = ["create"] }');
    expect((await server.post("encrypt/a", { plaintext: "" }, token)).status).toBe(403);
    expect((await server.post("encrypt/made", { plaintext: "" }, token)).status).toBe(200);
    expect(at(await server.ask("GET", "transit/keys/made"), "data.latest_version")).toBe(1);
  });

  test("making a key by name needs update, as in Vault", async () => {
    const create = await server.tokenFor('path "transit/keys/*" { capabilities = ["create"] }');
    const update = await server.tokenFor('path "transit/keys/*" { capabilities = ["update"] }');
    expect((await server.post("keys/named", {}, create)).status).toBe(403);
    expect((await server.post("keys/named", {}, update)).status).toBe(200);
  });
});

test("keys and texts are there after a seal and an unseal", async () => {
  const ciphertext = await encrypt("a");
  await server.server.store.seal();
  expect((await server.post("decrypt/a", { ciphertext })).status).toBe(503);
  await server.server.store.unseal();
  expect(at(await server.post("decrypt/a", { ciphertext }), "data.plaintext")).toBe(base64("attack at dawn"));
});
