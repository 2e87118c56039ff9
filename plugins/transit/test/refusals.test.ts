// SPDX-License-Identifier: Apache-2.0
/** What Vault and OpenBao answer when they refuse, by status and text, and what the seal makes of it. */
import { MAX_PLAINTEXT_BYTES, type Seal } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openSeal } from "./support/remote-server.ts";
import { type Reply, type StubRemote, startStub, textOf } from "./support/stub-remote.ts";

const TOKEN = "s.very-secret";
let stub: StubRemote;
let seal: Seal;
const blob = { ciphertext: Buffer.from(textOf(2)), keyInfo: { keyId: "v2" } };
const unwrap = () => seal.unwrap(blob);
const wrap = () => seal.wrap(Buffer.from("root key"));
const errors = (...sentences: string[]) => ({ errors: sentences });

beforeAll(async () => {
  stub = await startStub();
});
afterAll(() => stub.stop());
beforeEach(async () => {
  stub.received.length = 0;
  seal = await openSeal({
    address: `${stub.address}/`,
    token: TOKEN,
    mount_path: "/team/my transit/",
    key_name: "auto.unseal",
    namespace: "org/a/",
    disable_renewal: true,
  });
});
afterEach(() => seal.close());

const NO_ROUTE = 'no handler for route "org/a/team/my transit/decrypt/auto.unseal". route entry not found.';
const DERIVED =
  "missing 'context' for key derivation; the key was created using a derived key, which means additional, per-request " +
  "information must be included in order to perform operations with the key";

const refusals: [what: string, reply: Reply, code: string, says: string][] = [
  ["a sealed server", { status: 503, body: errors("Vault is sealed") }, "SEAL_UNAVAILABLE", "unseal that server"],
  ["OpenBao, sealed", { status: 503, body: errors("OpenBao is sealed") }, "SEAL_UNAVAILABLE", "unseal that server"],
  ["a balancer without servers", { status: 503, body: "<html>" }, "SEAL_UNAVAILABLE", "status 503"],
  ["a proxy without an upstream", { status: 502, body: "Bad Gateway" }, "SEAL_UNAVAILABLE", "status 502"],
  ["an internal error", { status: 500, body: errors("internal error") }, "SEAL_UNAVAILABLE", "status 500"],
  ["a quota", { status: 429, body: errors("request path: rate limit quota exceeded") }, "SEAL_THROTTLED", "quota"],
  ["no such mount", { status: 404, body: errors(NO_ROUTE) }, "SEAL_KEY_MISSING", "nothing is mounted at"],
  ["no such namespace", { status: 404, body: errors("namespace not found") }, "SEAL_KEY_MISSING", "namespace org/a"],
  ["no such key", { status: 400, body: errors("encryption key not found") }, "SEAL_KEY_MISSING", "has no key"],
  ["no such key, in old words", { status: 400, body: errors("policy not found") }, "SEAL_KEY_MISSING", "has no key"],
  [
    "a version to come",
    { status: 400, body: errors("invalid ciphertext: version is too new") },
    "SEAL_KEY_MISSING",
    "older backup",
  ],
  [
    "a version that is past",
    { status: 400, body: errors("ciphertext or signature version is disallowed by policy (too old)") },
    "SEAL_KEY_DISABLED",
    "min_decryption_version",
  ],
  [
    "a key that is deleted but kept",
    { status: 400, body: errors("action is not allowed on a soft deleted key") },
    "SEAL_KEY_DISABLED",
    "restore it",
  ],
  [
    "another key's text",
    { status: 400, body: errors("cipher: message authentication failed") },
    "SEAL_BAD_CIPHERTEXT",
    "another key wrapped it",
  ],
  [
    "another key's text, in old words",
    { status: 400, body: errors("invalid ciphertext: unable to decrypt") },
    "SEAL_BAD_CIPHERTEXT",
    "another key wrapped it",
  ],
  ["a derived key", { status: 400, body: errors(DERIVED) }, "SEAL_CONFIG", "aes256-gcm96"],
  [
    "a key that only signs",
    { status: 400, body: errors("message decryption not supported for key type ed25519") },
    "SEAL_CONFIG",
    "aes256-gcm96",
  ],
  ["a mount that is none", { status: 405, body: errors("1 error occurred") }, "SEAL_CONFIG", "status 405"],
  ["a page that is not there", { status: 404, body: "<html>" }, "SEAL_CONFIG", "status 404"],
];

test.each(refusals)("%s is told apart", async (_what, reply, code, says) => {
  stub.reply = reply;
  for (const call of [unwrap, wrap]) {
    const { message } = await rejectsWithCode(call(), code);
    expect(message).toContain(says);
    expect(message).toContain(stub.address);
    expect(message).not.toContain(TOKEN);
  }
  expect(stub.received).toHaveLength(2);
});

describe.each([
  ["a policy", errors("1 error occurred:\n\t* permission denied\n\n")],
  ["a token", errors("2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")],
  ["a proxy", "<html>"],
])("denied by %s", (_by, body) => {
  test("the path and the capability that are needed are named", async () => {
    stub.reply = { status: 403, body };
    const denied = await rejectsWithCode(unwrap(), "SEAL_DENIED");
    expect(denied.message).toContain('path "team/my transit/decrypt/auto.unseal" { capabilities = ["update"] }');
    expect(denied.message).not.toContain("a key that is not there");
    const deniedWrap = await rejectsWithCode(wrap(), "SEAL_DENIED");
    expect(deniedWrap.message).toContain('path "team/my transit/encrypt/auto.unseal" { capabilities = ["update"] }');
    expect(deniedWrap.message).toContain("a key that is not there is answered alike");
  });
});

test("what the remote says is in the cause, for the log, and not in the message", async () => {
  stub.reply = { status: 400, body: errors(`${TOKEN} leaks: something new`) };
  const error = await rejectsWithCode(unwrap(), "SEAL_CONFIG");
  expect(error.message).not.toContain("leaks");
  expect((error.cause as Error).message).toContain("something new");
});

describe("an answer that no transit engine gives is SEAL_UNAVAILABLE", () => {
  const answers: [string, Reply][] = [
    ["nothing, as key/value answers a write", { status: 204 }],
    ["a page", { status: 200, body: "<html>welcome</html>" }],
    ["JSON of another kind", { status: 200, body: { data: { keys: [] } } }],
    ["null", { status: 200, body: "null" }],
    ["an empty text", { status: 200, body: { data: { ciphertext: "", plaintext: "" } } }],
    ["a text that is no ciphertext", { status: 200, body: { data: { ciphertext: "vault:v0:AAAA", plaintext: "A" } } }],
    ["two lines", { status: 200, body: { data: { ciphertext: `${textOf(1)}\n`, plaintext: "AAAA\n" } } }],
    ["numbers", { status: 200, body: { data: { ciphertext: 1, plaintext: 2 } } }],
    ["more than any plaintext", { status: 200, body: " ".repeat(2 * MAX_PLAINTEXT_BYTES + 1) }],
  ];
  test.each(answers)("%s", async (_what, reply) => {
    stub.reply = reply;
    for (const call of [unwrap, wrap]) {
      expect((await rejectsWithCode(call(), "SEAL_UNAVAILABLE")).message).toContain("is no transit engine");
    }
  });
});

describe("a blob that cannot be this key's is refused without asking", () => {
  const texts: [string, string][] = [
    ["another prefix", "bault:v2:AAAA"],
    ["version 0", textOf(2).replace("v2", "v0")],
    ["a version with a zero in front", textOf(2).replace("v2", "v02")],
    ["no version", textOf(2).replace("v2", "v")],
    ["nothing behind the version", "vault:v2:"],
    ["spare bits", "vault:v2:AB=="],
    ["a line break at the end", `${textOf(2)}\n`],
    ["bytes that are no text", "vault:v2:\u00ff\u00fe"],
  ];
  test.each(texts)("%s is SEAL_BAD_CIPHERTEXT", async (_what, text) => {
    await rejectsWithCode(seal.unwrap({ ciphertext: Buffer.from(text, "latin1") }), "SEAL_BAD_CIPHERTEXT");
    expect(stub.received).toEqual([]);
  });

  test("a key id of another version is SEAL_KEY_MISSING; long ones are cut", async () => {
    const named = { ...blob, keyInfo: { keyId: "x".repeat(300) } };
    const error = await rejectsWithCode(seal.unwrap(named), "SEAL_KEY_MISSING");
    expect(error.message).toContain(`${"x".repeat(200)}…`);
    expect(stub.received).toEqual([]);
  });
});

describe("what goes out", () => {
  test("is one request, with token, namespace and Vault's header, on an encoded path", async () => {
    stub.reply = { status: 200, body: { data: { plaintext: Buffer.from("root key").toString("base64") } } };
    expect(Buffer.from(await unwrap()).toString()).toBe("root key");
    expect(stub.received).toEqual([
      {
        path: "/v1/team/my%20transit/decrypt/auto.unseal",
        headers: expect.objectContaining({
          "x-vault-token": TOKEN,
          "x-vault-namespace": "org/a",
          "x-vault-request": "true",
        }),
        body: { ciphertext: textOf(2) },
      },
    ]);
  });

  test("has no namespace header where none is configured; the key id has the prefix that is", async () => {
    const other = await openSeal({
      address: stub.address,
      token: TOKEN,
      mount_path: "transit",
      key_name: "k",
      key_id_prefix: "east-",
      disable_renewal: true,
    });
    stub.reply = { status: 200, body: { data: { ciphertext: textOf(7), key_version: 7 } } };
    const wrapped = await other.wrap(Buffer.from("root key"));
    expect(wrapped).toEqual({ ciphertext: Buffer.from(textOf(7)), keyInfo: { keyId: "east-v7" } });
    expect(stub.received[0]?.headers).not.toHaveProperty("x-vault-namespace");
    expect(stub.received[0]?.body).toEqual({ plaintext: Buffer.from("root key").toString("base64") });
    await other.close();
  });

  test("opens what was wrapped under another prefix, or without a key id", async () => {
    stub.reply = { status: 200, body: { data: { plaintext: "AAAA" } } };
    for (const keyInfo of [{ keyId: "west-v2" }, { keyId: "" }]) {
      expect(await seal.unwrap({ ...blob, keyInfo })).toHaveLength(3);
    }
    expect(await seal.unwrap({ ciphertext: blob.ciphertext })).toHaveLength(3);
  });
});

describe("a standby that sends its clients on", () => {
  const opened = { status: 200, body: { data: { plaintext: "AAAA" } } };

  test("is followed once, with token and body", async () => {
    const active = await startStub();
    try {
      active.reply = opened;
      stub.reply = ({ path }) => ({ status: 307, headers: { Location: active.address + path } });
      expect(await unwrap()).toHaveLength(3);
      expect(active.received).toMatchObject([{ headers: { "x-vault-token": TOKEN }, body: { ciphertext: textOf(2) } }]);
    } finally {
      await active.stop();
    }
  });

  test("is not followed in circles", async () => {
    stub.reply = ({ path }) => ({ status: 307, headers: { Location: stub.address + path } });
    expect((await rejectsWithCode(unwrap(), "SEAL_CONFIG")).message).toContain("status 307");
    expect(stub.received).toHaveLength(2);
  });

  test("is not followed to an address that cannot be", async () => {
    stub.reply = { status: 307, headers: { Location: "http://[" } };
    await rejectsWithCode(unwrap(), "SEAL_UNAVAILABLE");
    expect(stub.received).toHaveLength(1);
  });
});
