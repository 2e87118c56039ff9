// SPDX-License-Identifier: Apache-2.0
/** docs/operations/tls.md as its readers follow it: the command and the server in processes of their own. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encryptKey, issue, makeAuthority } from "../../packages/server/test/runtime/certificates.ts";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { refusalOf } from "./expectations.ts";

type Pair = { readonly cert: string; readonly key: string };

let work: Workplace;
let authority: Pair;

beforeEach(async () => {
  work = await Workplace.open();
  authority = makeAuthority(work.folder, "authority");
  const server = issue(work.folder, authority, "server");
  await copyFile(server.cert, work.path("live.pem"));
  await copyFile(server.key, work.path("live.key"));
  await mkdir(work.path("conf.d"));
  await writeFile(work.path("conf.d/10-storage.hcl"), 'storage "inmem" {}\nlog_level = "error"\n');
  await writeFile(
    work.path("conf.d/20-seal.json"),
    JSON.stringify({ seal: [{ static: { current_key_id: "e2e", current_key: "0f".repeat(32) } }] }),
  );
});
afterEach(() => work.close());

const tls = (more = "") => `listener "tcp" {
  address       = "127.0.0.1:0"
  tls_cert_file = "live.pem"
  tls_key_file  = "live.key"
  ${more}
}
`;

/** Starts with the folder and, on top of it, a file with the listeners. */
async function start(listeners: string): Promise<ServerProcess> {
  await writeFile(work.path("listeners.hcl"), `log_level = "info"\n${listeners}`);
  return work.serve(["-config=conf.d", "-config=listeners.hcl"]);
}

const status = (url: string, env: Readonly<Record<string, string>> = {}) =>
  work.run(["status"], { VAULT_ADDR: url, ...env });
// 2 is what status answers for a server that is sealed, and 1 for one that it cannot speak to.
const REACHED = { code: 2, stdout: expect.stringContaining("Sealed") as string };

describe("a server with TLS", () => {
  test("is reached by who trusts its authority, and by nobody else unless they look away", async () => {
    const { url } = await start(tls());
    expect(url).toMatch(/^https:/);
    expect(await status(url, { VAULT_CACERT: authority.cert })).toMatchObject(REACHED);
    const distrusted = await status(url);
    expect(distrusted.stdout).not.toContain("Sealed");
    expect(distrusted.stderr).toMatch(/certificate/);
    expect(await status(url, { VAULT_SKIP_VERIFY: "true" })).toMatchObject(REACHED);
  });

  test("that requires client certificates is reached with one of its authority only", async () => {
    const client = issue(work.folder, authority, "client");
    const stranger = issue(work.folder, makeAuthority(work.folder, "elsewhere"), "stranger");
    const more = `tls_client_ca_file = "${authority.cert}"\n  tls_require_and_verify_client_cert = true`;
    const { url } = await start(tls(more));
    const as = ({ cert, key }: Pair) =>
      status(url, { VAULT_CACERT: authority.cert, VAULT_CLIENT_CERT: cert, VAULT_CLIENT_KEY: key });
    expect(await as(client)).toMatchObject(REACHED);
    expect((await as(stranger)).stdout).not.toContain("Sealed");
    expect((await status(url, { VAULT_CACERT: authority.cert })).stdout).not.toContain("Sealed");
  });

  test("takes a renewed certificate at SIGHUP, and keeps it when the next one is broken", async () => {
    const other = makeAuthority(work.folder, "other-authority");
    const renewed = issue(work.folder, other, "renewed");
    const server = await start(tls());
    await copyFile(renewed.cert, work.path("live.pem"));
    await copyFile(renewed.key, work.path("live.key"));
    server.command.child.kill("SIGHUP");
    await server.command.until(/reloaded certificates/);
    expect(await status(server.url, { VAULT_CACERT: other.cert })).toMatchObject(REACHED);
    expect((await status(server.url, { VAULT_CACERT: authority.cert })).stdout).not.toContain("Sealed");
    await writeFile(work.path("live.key"), "not a key");
    server.command.child.kill("SIGHUP");
    await server.command.until(/not reloaded: tls_key_file: live\.key holds nothing in PEM/);
    expect(await status(server.url, { VAULT_CACERT: other.cert })).toMatchObject(REACHED);
  });

  test("serves several listeners side by side", async () => {
    const server = await start(`${tls()}listener "tcp" {\n  address = "127.0.0.1:0"\n  tls_disable = true\n}\n`);
    const urls = [...server.output.matchAll(/addr: "([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(urls.map((url) => url.split(":")[0])).toEqual(["https", "http"]);
    for (const url of urls) expect(await status(url, { VAULT_CACERT: authority.cert })).toMatchObject(REACHED);
  });

  test("with an encrypted key does not start, and says so in one sentence", async () => {
    encryptKey(work.path("live.key"));
    await copyFile(work.path("live.key.encrypted"), work.path("live.key"));
    await writeFile(work.path("listeners.hcl"), tls());
    const sentence = refusalOf(await work.run(["server", "-config=conf.d", "-config=listeners.hcl"]));
    expect(sentence).toContain("tls_key_file: live.key is encrypted");
  });
});

describe("a server that is told to stop", () => {
  /** Opens a request that never ends. */
  async function hang(url: string): Promise<Socket> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write("PUT /v1/sys/unseal HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n{");
    // Told to go on, it is in flight.
    await new Promise((resolve) => socket.once("data", resolve));
    return socket;
  }
  const plain = 'listener "tcp" {\n  address = "127.0.0.1:0"\n  tls_disable = true\n}\n';

  test("waits for a request in flight, and ends at once when it is told again", async () => {
    const server = await start(plain);
    const socket = await hang(server.url);
    server.command.child.kill("SIGINT");
    await server.command.until(/SIGINT: sealing and stopping/);
    expect(server.command.child.exitCode).toBeNull();
    server.command.child.kill("SIGTERM");
    await server.command.finished;
    expect(server.command.child.signalCode).toBe("SIGTERM");
    socket.destroy();
  });

  test("ends with 0 when the last request has ended", async () => {
    const server = await start(plain);
    const socket = await hang(server.url);
    server.command.child.kill("SIGINT");
    await server.command.until(/SIGINT: sealing and stopping/);
    socket.write("         ");
    expect((await server.command.finished).code).toBe(0);
    socket.destroy();
  });
});
