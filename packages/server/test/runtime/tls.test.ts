// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type SecureVersion } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Listening } from "../../src/runtime/listen.ts";
import { readTlsFiles } from "../../src/runtime/tls-files.ts";
import { exchange, listenerConfig, openEdge, Wire } from "../http/edge.ts";
import { encryptKey, issue, makeAuthority } from "./certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "sealwright-tls-"));
const path = (name: string) => join(folder, name);

type Pair = { cert: string; key: string };
let authority: Pair;
let otherAuthority: Pair;
let server: Pair;
let renewed: Pair;
let client: Pair;
let stranger: Pair;

beforeAll(() => {
  authority = makeAuthority(folder, "authority");
  otherAuthority = makeAuthority(folder, "other-authority");
  server = issue(folder, authority, "server");
  renewed = issue(folder, authority, "renewed");
  client = issue(folder, authority, "client");
  stranger = issue(folder, otherAuthority, "stranger");
  writeFileSync(path("nonsense.pem"), "not PEM at all");
  writeFileSync(path("damaged.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  writeFileSync(path("damaged.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  encryptKey(server.key);
  mkdirSync(path("folder.pem"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close(0)));
});

const lines = (pair: Pair, more = "") => `tls_cert_file = "${pair.cert}"\n tls_key_file = "${pair.key}"\n ${more}`;

async function listening(listener: string): Promise<Listening> {
  const edge = await openEdge({ listener });
  open.push(edge);
  return edge;
}

/** The status of a GET, or the code with which the connection was refused. */
function get(url: string, options: ConnectionOptions = {}): Promise<number | string> {
  return new Promise((resolve) => {
    const to = { ca: readFileSync(authority.cert), agent: false as const, ...options };
    const sent = request(`${url}/v1/sys/health`, to, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

/** The common name of the certificate that a new connection is shown. */
function shownName(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

const identity = (pair: Pair) => ({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) });

describe("a TLS listener", () => {
  test("serves clients that trust its authority, and no others", async () => {
    const { url } = await listening(lines(server));
    expect(url).toMatch(/^https:/);
    expect(await get(url)).toBe(200);
    expect(await get(url, { ca: readFileSync(otherAuthority.cert) })).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
  });

  test.each<[string, SecureVersion, boolean]>([
    ['tls_min_version = "tls13"', "TLSv1.2", false],
    ['tls_min_version = "tls13"', "TLSv1.3", true],
    ['tls_max_version = "tls12"', "TLSv1.3", false],
    ['tls_max_version = "tls12"', "TLSv1.2", true],
    ["", "TLSv1.1", false],
    ["", "TLSv1.2", true],
  ])("with %s and a client of %s: served is %s", async (more, version, served) => {
    const { url } = await listening(lines(server, more));
    const answer = await get(url, { minVersion: version, maxVersion: version });
    if (served) expect(answer).toBe(200);
    else expect(answer).toMatch(/^(E|ERR_SSL)/);
  });

  test("that requires client certificates refuses none, a stranger's, and a lone certificate", async () => {
    const more = `tls_client_ca_file = "${authority.cert}"\n tls_require_and_verify_client_cert = true`;
    const { url } = await listening(lines(server, more));
    expect(await get(url, identity(client))).toBe(200);
    expect(await get(url)).toMatch(/^(E|ERR_SSL)/);
    expect(await get(url, identity(stranger))).toMatch(/^(E|ERR_SSL)/);
  });

  test("that only asks for client certificates serves clients without one", async () => {
    const { url } = await listening(lines(server, `tls_client_ca_file = "${authority.cert}"`));
    expect(await get(url)).toBe(200);
    expect(await get(url, identity(client))).toBe(200);
  });

  test("answers plain HTTP with nothing and goes on", async () => {
    const { url } = await listening(lines(server));
    const plain = await exchange(url.replace("https", "http"), "GET /v1/a HTTP/1.1\r\nHost: here\r\n\r\n");
    expect(plain.statuses).toEqual([]);
    expect(await get(url)).toBe(200);
  });

  test("drops a client that never finishes its handshake, and serves others meanwhile", async () => {
    const { url } = await listening(lines(server, 'http_read_header_timeout = "150ms"'));
    const silent = await Wire.open(url.replace("https", "http"));
    expect(await get(url)).toBe(200);
    await silent.closed;
    silent.destroy();
  });
});

describe("reloading", () => {
  async function onCopies(): Promise<{ edge: Listening; cert: string; key: string }> {
    const [cert, key] = [path("live.pem"), path("live.key")];
    copyFileSync(server.cert, cert);
    copyFileSync(server.key, key);
    return { edge: await listening(lines({ cert, key })), cert, key };
  }

  test("shows new connections the new certificate, and keeps those that are open", async () => {
    const { edge, cert, key } = await onCopies();
    const before = await Wire.open(edge.url);
    expect(await shownName(edge.url)).toBe("server");
    copyFileSync(renewed.cert, cert);
    copyFileSync(renewed.key, key);
    expect(await shownName(edge.url)).toBe("server");
    edge.reload();
    expect(await shownName(edge.url)).toBe("renewed");
    expect(await get(edge.url)).toBe(200);
    before.send("GET /v1/a HTTP/1.1\r\nHost: here\r\n\r\n");
    await before.answers(1);
    expect(before.statuses).toEqual([200]);
    before.destroy();
  });

  test.each([
    ["a certificate without its key", () => renewed.cert, () => server.key, "is not the key of"],
    ["a file of nonsense", () => path("nonsense.pem"), () => server.key, "holds nothing in PEM"],
    ["a damaged key", () => server.cert, () => path("damaged.key"), "is not a private key that can be read"],
  ])("refuses %s and goes on with what it had", async (_what, newCert, newKey, message) => {
    const { edge, cert, key } = await onCopies();
    copyFileSync(newCert(), cert);
    copyFileSync(newKey(), key);
    expect(() => edge.reload()).toThrow(message);
    expect(await shownName(edge.url)).toBe("server");
    expect(await get(edge.url)).toBe(200);
  });

  test("takes up a new authority: clients of the old one are refused, also those that had a session", async () => {
    const ca = path("live-ca.pem");
    copyFileSync(authority.cert, ca);
    const more = `tls_client_ca_file = "${ca}"\n tls_require_and_verify_client_cert = true`;
    const edge = await listening(lines(server, more));
    let session: Buffer | undefined;
    const sent = request(`${edge.url}/v1/a`, { ...identity(client), ca: readFileSync(authority.cert), agent: false });
    sent.on("socket", (socket) => socket.on("session", (ticket: Buffer) => (session = ticket)));
    await new Promise((resolve) => sent.on("response", (response) => response.resume().on("end", resolve)).end());
    expect(session).toBeInstanceOf(Buffer);
    copyFileSync(otherAuthority.cert, ca);
    edge.reload();
    expect(await get(edge.url, identity(stranger))).toBe(200);
    expect(await get(edge.url, identity(client))).toMatch(/^(E|ERR_SSL)/);
    expect(await get(edge.url, { ...identity(client), session })).toMatch(/^(E|ERR_SSL)/);
  });
});

describe("files that cannot be used are named in one sentence:", () => {
  const refusal = (pair: Pair, more = ""): string => {
    try {
      readTlsFiles(listenerConfig(lines(pair, more)));
    } catch (error) {
      expect(error).toMatchObject({ name: "StartupError" });
      return (error as Error).message;
    }
    throw new Error("nothing was refused");
  };

  test.each<[string, () => Pair, string]>([
    [
      "no such certificate",
      () => ({ ...server, cert: path("absent.pem") }),
      "absent.pem cannot be read: there is no such",
    ],
    ["no such key", () => ({ ...server, key: path("absent.key") }), "absent.key cannot be read: there is no such file"],
    ["a folder", () => ({ ...server, cert: path("folder.pem") }), "folder.pem cannot be read: it is a folder"],
    [
      "nonsense for a certificate",
      () => ({ ...server, cert: path("nonsense.pem") }),
      "nonsense.pem holds nothing in PEM",
    ],
    ["nonsense for a key", () => ({ ...server, key: path("nonsense.pem") }), "nonsense.pem holds nothing in PEM"],
    [
      "a damaged certificate",
      () => ({ ...server, cert: path("damaged.pem") }),
      "damaged.pem has a certificate that cannot",
    ],
    [
      "a damaged key",
      () => ({ ...server, key: path("damaged.key") }),
      "damaged.key is not a private key that can be read",
    ],
    [
      "the two swapped",
      () => ({ cert: server.key, key: server.cert }),
      "server.key holds PRIVATE KEY, and a CERTIFICATE",
    ],
    [
      "another one's key",
      () => ({ ...server, key: client.key }),
      "client.key is not the key of the first certificate in",
    ],
    [
      "an encrypted key",
      () => ({ ...server, key: `${server.key}.encrypted` }),
      "is encrypted, and there is no passphrase",
    ],
  ])("%s", (_what, pair, message) => {
    const sentence = refusal(pair());
    expect(sentence).toContain(message);
    expect(sentence).not.toContain("\n");
    expect(sentence).not.toContain("BEGIN");
  });

  test("authorities that are none", () => {
    expect(refusal(server, `tls_client_ca_file = "${server.key}"`)).toContain("tls_client_ca_file:");
  });
});

describe("several listeners", () => {
  test("have limits and certificates of their own", async () => {
    const strict = await listening(lines(server, "max_request_size = 10"));
    const open = await listening("tls_disable = true\n max_request_size = 100");
    const put = (length: number) =>
      `PUT /v1/a HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${" ".repeat(length)}`;
    expect((await exchange(strict.url, put(11))).statuses).toEqual([413]);
    expect((await exchange(open.url, put(11))).statuses).toEqual([200]);
    expect((await exchange(open.url, put(101))).statuses).toEqual([413]);
  });
});
