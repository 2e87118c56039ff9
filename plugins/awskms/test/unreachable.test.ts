// SPDX-License-Identifier: Apache-2.0
/** Nothing is asked, no answer comes, or none of HTTP: the reason is named, and the seal works again afterwards. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createSecureServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stanza } from "@sealwright/seal";
import { type CodedError, type FaultProxy, rejectsWithCode, startFaultProxy } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { issue, makeAuthority } from "../../../packages/server/test/runtime/certificates.ts";
import { openSeal } from "./support/open-seal.ts";
import { ENCRYPTED, type StubAws, startStubAws } from "./support/stub-aws.ts";

const rootKey = Buffer.alloc(32, 7);
const keyInfo = { mechanism: 1, keyId: "k", wrappedKey: new Uint8Array(9) };
const blob = { ciphertext: new Uint8Array(40), iv: new Uint8Array(12), keyInfo };
const stanza = { region: "us-east-1", kms_key_id: "alias/app", access_key: "AKIATEST", secret_key: "very-secret-key" };

let kms: StubAws;

beforeAll(async () => {
  kms = await startStubAws();
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => kms.stop());

/** Both calls of a seal with these settings fail with `SEAL_UNAVAILABLE`; the wrap's error. */
async function unreached(settings: Stanza): Promise<CodedError> {
  const seal = await openSeal({ ...stanza, ...settings });
  try {
    await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
    return await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE");
  } finally {
    await seal.close();
  }
}

test("a setting that the SDK cannot make a request of is SEAL_CONFIG, and the log has what it says", async () => {
  vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "true");
  const seal = await openSeal({ ...stanza, endpoint: kms.address });
  const { message, cause } = await rejectsWithCode(seal.wrap(rootKey), "SEAL_CONFIG");
  expect(message).toContain("the AWS SDK could not ask AWS KMS at");
  expect(String(cause)).toContain("FIPS");
  await seal.close();
});

test("no such host", async () => {
  const { message } = await unreached({ endpoint: "http://no-such-host.invalid" });
  expect(message).toMatch(/there is no host of that name|the name service does not answer/);
});

describe("over a connection", () => {
  const faults = [
    ["that is reset", { kind: "reset" }, "the connection was cut"],
    ["that is closed", { kind: "garbage", bytes: new Uint8Array() }, "the connection was cut"],
    [
      "that ends amid the answer",
      { kind: "garbage", bytes: Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{") },
      "the connection was cut",
    ],
    [
      "that speaks something else",
      { kind: "garbage", bytes: Buffer.from("\x16\x03\x01 not http\r\n") },
      "its answer is not HTTP",
    ],
  ] as const;
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await startFaultProxy({ port: Number(new URL(kms.address).port) });
  });
  afterAll(() => proxy.stop());

  test.each(faults)("%s", async (_what, fault, reason) => {
    const seal = await openSeal({ ...stanza, endpoint: `http://${proxy.address}` });
    proxy.set(fault);
    expect((await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE")).message).toContain(reason);
    expect((await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE")).message).toContain(reason);
    proxy.set({ kind: "none" });
    expect((await seal.wrap(rootKey)).keyInfo?.mechanism).toBe(1);
    await seal.close();
  });
});

test("TLS where none is spoken", async () => {
  const error = await unreached({ endpoint: kms.address.replace("http:", "https:") });
  expect(error.message).toContain("it does not speak TLS");
});

describe("with a certificate", () => {
  const folder = mkdtempSync(join(tmpdir(), "sealwright-awskms-tls-"));
  let server: Server;
  beforeAll(async () => {
    const { cert, key } = issue(folder, makeAuthority(folder, "authority"), "server");
    server = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  test("of an authority that is not trusted", async () => {
    const { port } = server.address() as AddressInfo;
    const error = await unreached({ endpoint: `https://127.0.0.1:${port}` });
    expect(error.message).toContain("its certificate comes from no authority that is trusted");
    expect(error.advice).toContain("NODE_EXTRA_CA_CERTS");
  });
});

describe("through a proxy", () => {
  const host = "kms.eu-central-1.example";
  let proxy: StubAws;
  beforeAll(async () => {
    proxy = await startStubAws();
  });
  afterAll(() => proxy.stop());

  test("that is down", async () => {
    vi.stubEnv("HTTP_PROXY", "http://127.0.0.1:1");
    const { message } = await unreached({ endpoint: `http://${host}` });
    expect(message).toContain("nothing listens there");
  });

  test("that refuses", async () => {
    vi.stubEnv("HTTP_PROXY", proxy.address);
    vi.stubEnv("HTTPS_PROXY", proxy.address);
    proxy.reply = () => ({ status: 407, body: "<html>" });
    await unreached({ endpoint: `http://${host}` });
    const { message } = await unreached({ endpoint: `https://${host}` });
    expect(message).toContain("the proxy does not let it through");
  });

  test("that works, and past it where NO_PROXY says so or the endpoint is on this machine", async () => {
    vi.stubEnv("HTTP_PROXY", proxy.address);
    proxy.reply = () => ENCRYPTED;
    proxy.received.length = 0;
    const far = await openSeal({ ...stanza, endpoint: `http://${host}` });
    const near = await openSeal({ ...stanza, endpoint: kms.address });
    await far.wrap(rootKey);
    await near.wrap(rootKey);
    expect(proxy.received.map(({ path }) => path)).toEqual([`http://${host}/`]);
    vi.stubEnv("NO_PROXY", ".example");
    const { message } = await unreached({ endpoint: `http://${host}` });
    expect(message).toMatch(/no host of that name|name service/);
    expect(proxy.received).toHaveLength(1);
    await Promise.all([far.close(), near.close()]);
  });
});
