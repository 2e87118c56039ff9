// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejectsWithCode } from "@sealwright/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issue, makeAuthority } from "../../../packages/server/test/runtime/certificates.ts";
import { openSeal } from "./support/remote-server.ts";
import { type StubRemote, startStub, textOf } from "./support/stub-remote.ts";

const folder = mkdtempSync(join(tmpdir(), "transit-tls-"));
const authority = makeAuthority(folder, "authority");
const other = makeAuthority(folder, "other");
const server = issue(folder, authority, "server");
const client = issue(folder, authority, "client");
const stranger = issue(folder, other, "stranger");
const pem = (path: string): Buffer => readFileSync(path);

let strict: StubRemote;
let plain: StubRemote;
const stanza = { token: "s.very-secret", mount_path: "transit", key_name: "k", disable_renewal: true };

beforeAll(async () => {
  const files = { cert: pem(server.cert), key: pem(server.key), ca: pem(authority.cert) };
  strict = await startStub({ ...files, requestCert: true, rejectUnauthorized: true });
  plain = await startStub(files);
  for (const each of [strict, plain]) each.reply = { status: 200, body: { data: { ciphertext: textOf(1) } } };
});
afterAll(async () => {
  await Promise.all([strict.stop(), plain.stop()]);
  rmSync(folder, { recursive: true });
});

async function wrapWith(settings: Record<string, string | boolean>, warnings: string[] = []) {
  const seal = await openSeal({ ...stanza, ...settings }, { log: (_level, message) => void warnings.push(message) });
  try {
    return await seal.wrap(Buffer.from("root key"));
  } finally {
    await seal.close();
  }
}

describe("no TLS connection is made, and nothing is sent", () => {
  const unreached: [what: string, settings: () => Record<string, string>, says: string][] = [
    ["an authority that is not trusted", () => ({ address: plain.address }), "give it as tls_ca_cert"],
    ["another authority", () => ({ address: plain.address, tls_ca_cert: other.cert }), "give it as tls_ca_cert"],
    [
      "a certificate for another name",
      () => ({ address: plain.address, tls_ca_cert: authority.cert, tls_server_name: "vault.example" }),
      "is for another name",
    ],
    [
      "no client certificate where one is due",
      () => ({ address: strict.address, tls_ca_cert: authority.cert }),
      "tls_client_cert",
    ],
    [
      "a client certificate of a stranger",
      () => ({
        address: strict.address,
        tls_ca_cert: authority.cert,
        tls_client_cert: stranger.cert,
        tls_client_key: stranger.key,
      }),
      "tls_client_cert",
    ],
    ["HTTP to where TLS is spoken", () => ({ address: plain.address.replace("https", "http") }), "http"],
  ];
  test.each(unreached)("%s", async (_what, settings, says) => {
    const { message, advice } = await rejectsWithCode(wrapWith(settings()), "SEAL_UNAVAILABLE");
    expect(`${message}: ${advice}`).toContain(says);
    expect(message).not.toContain(stanza.token);
    expect([...strict.received, ...plain.received]).toEqual([]);
  });

  test("a key that is not the certificate's is SEAL_CONFIG when the seal is opened", async () => {
    const settings = { address: strict.address, tls_client_cert: client.cert, tls_client_key: stranger.key };
    await rejectsWithCode(openSeal({ ...stanza, ...settings }), "SEAL_CONFIG");
  });

  test("a folder with something that is no certificate is SEAL_CONFIG, naming the file", async () => {
    const mixed = join(folder, "mixed");
    mkdirSync(mixed);
    writeFileSync(join(mixed, "notes.txt"), "not a certificate");
    const { message } = await rejectsWithCode(openSeal({ ...stanza, tls_ca_path: mixed }), "SEAL_CONFIG");
    expect(message).toContain(join(mixed, "notes.txt"));
  });

  test("a redirection to plain HTTP is SEAL_CONFIG, and the token does not go there", async () => {
    const listener = await startStub();
    plain.reply = { status: 307, headers: { Location: `${listener.address}/v1/transit/encrypt/k` } };
    const settings = { address: plain.address, tls_ca_cert: authority.cert };
    await rejectsWithCode(wrapWith(settings), "SEAL_CONFIG");
    expect(listener.received).toEqual([]);
    plain.reply = { status: 200, body: { data: { ciphertext: textOf(1) } } };
    await listener.stop();
  });
});

describe("a TLS connection is made", () => {
  test.each([
    ["with the authority from a file", () => ({ tls_ca_cert: authority.cert })],
    ["by the name that the certificate is for", () => ({ tls_ca_cert: authority.cert, tls_server_name: "localhost" })],
  ])("%s, without a warning", async (_what, settings) => {
    const warnings: string[] = [];
    expect((await wrapWith({ address: plain.address, ...settings() }, warnings)).keyInfo).toEqual({ keyId: "v1" });
    expect(warnings).toEqual([]);
  });

  test("with the authority from a folder of several", async () => {
    const several = join(folder, "several");
    mkdirSync(several);
    for (const each of [authority, other]) writeFileSync(join(several, `${each.cert.length}.pem`), pem(each.cert));
    expect((await wrapWith({ address: plain.address, tls_ca_path: several })).keyInfo).toEqual({ keyId: "v1" });
  });

  test.each(["a file", "text"])("with a client certificate whose key is %s", async (kind) => {
    const settings = {
      address: strict.address,
      tls_ca_cert: authority.cert,
      tls_client_cert: client.cert,
      tls_client_key: kind === "text" ? `file://${client.key}` : client.key,
    };
    expect((await wrapWith(settings)).keyInfo).toEqual({ keyId: "v1" });
  });

  test("with any certificate under tls_skip_verify, and a warning", async () => {
    const warnings: string[] = [];
    await wrapWith({ address: plain.address, tls_skip_verify: true }, warnings);
    expect(warnings).toEqual([expect.stringContaining("takes any certificate")]);
  });
});

test("plain HTTP is warned of, except on the loopback", async () => {
  const warnings: string[] = [];
  const env = { log: (_level: string, message: string) => void warnings.push(message) };
  for (const address of [
    "http://127.0.0.1.example:8200",
    "http://127.0.0.1:1",
    "http://localhost:1",
    "http://[::1]:1",
  ]) {
    await (await openSeal({ ...stanza, address }, env)).close();
  }
  expect(warnings).toEqual([expect.stringContaining("http://127.0.0.1.example:8200 without TLS")]);
});
