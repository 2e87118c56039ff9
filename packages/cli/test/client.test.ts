// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cli } from "./support/fake-io.ts";
import { type Reply, StubServer } from "./support/stub-server.ts";

const ok = (body: unknown): Reply => ({ status: 200, body });
const STATUS = { "GET sys/seal-status": ok({ sealed: false }), "GET sys/leader": ok({}) };

let stub: StubServer;
let home: string;
beforeAll(async () => {
  stub = await new StubServer().start();
});
afterAll(() => stub.stop());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sealwright-cli-"));
  stub.play(STATUS);
});
afterEach(() => rmSync(home, { recursive: true }));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

describe("the server's address", () => {
  it.each([
    [["-address=GOOD"], { BAO_ADDR: "http://127.0.0.1:1", VAULT_ADDR: "http://127.0.0.1:1" }],
    [[], { BAO_ADDR: "GOOD", VAULT_ADDR: "http://127.0.0.1:1" }],
    [[], { VAULT_ADDR: "GOOD" }],
    [[], { BAO_ADDR: "", VAULT_ADDR: "GOOD/" }],
  ])("is read from flag %j and variables %j in this order", async (flags, env) => {
    const here = (text: string) => text.replace("GOOD", stub.address);
    const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)]));
    const outcome = await cli(["status", ...flags.map(here)], { env: variables });
    expect(outcome.code).toBe(0);
  });

  it.each(["127.0.0.1:8200", "ftp://a", "http://", "unix:///run/x", "http://user:pass@127.0.0.1:1"])(
    "may not be %s",
    async (address) => {
      const outcome = await cli(["status"], { env: { VAULT_ADDR: address } });
      expect(outcome).toMatchObject({ code: 1, stdout: "" });
      expect(outcome.stderr).toContain("VAULT_ADDR");
      expect(outcome.stderr).not.toContain("user:pass");
    },
  );

  it("where nobody listens is named with its variable: 2, and 1 from status", async () => {
    const free = createTcpServer();
    const port = await listening(free);
    await new Promise((resolve) => free.close(resolve));
    const env = { BAO_ADDR: `http://127.0.0.1:${port}` };
    const sealed = await cli(["operator", "seal"], { env });
    expect(sealed).toMatchObject({ code: 2, stdout: "" });
    expect(sealed.stderr).toBe(
      `Error sealing: cannot reach the server at http://127.0.0.1:${port}: connection refused, so nothing listens ` +
        "there. The address comes from BAO_ADDR.\n",
    );
    expect((await cli(["status"], { env })).code).toBe(1);
  });

  it("where something else listens is told as such", async () => {
    const other = createTcpServer((socket) => socket.resume().end("220 mail ready\r\n"));
    const port = await listening(other);
    try {
      const plain = await cli(["status"], { env: { VAULT_ADDR: `http://127.0.0.1:${port}` } });
      expect(plain.stderr).toContain("the answer is not HTTP (write https:// if the server speaks TLS)");
      const tls = await cli(["status"], { env: { VAULT_ADDR: `https://127.0.0.1:${port}` } });
      expect(tls.stderr).toContain("does not speak TLS");
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it("where nobody answers is given up after VAULT_CLIENT_TIMEOUT", async () => {
    const silent = createTcpServer(() => {});
    const port = await listening(silent);
    try {
      const env = { VAULT_ADDR: `http://127.0.0.1:${port}`, VAULT_CLIENT_TIMEOUT: "1s" };
      const outcome = await cli(["operator", "seal"], { env });
      expect(outcome.code).toBe(2);
      expect(outcome.stderr).toContain("no answer within 1 seconds (VAULT_CLIENT_TIMEOUT)");
    } finally {
      silent.close();
    }
  });

  it.each(["0", "-1", "soon", "1h"])("is not asked with VAULT_CLIENT_TIMEOUT=%s", async (timeout) => {
    const outcome = await cli(["status"], { env: { VAULT_ADDR: stub.address, VAULT_CLIENT_TIMEOUT: timeout } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("VAULT_CLIENT_TIMEOUT");
    expect(stub.seen).toEqual([]);
  });
});

describe("answers", () => {
  it.each([
    [{ status: 400, body: { errors: ["a", "b"] } }, "Code: 400. Errors:\n\n* a\n* b\n"],
    [{ status: 404, body: { errors: [] } }, "Code: 404. Errors:\n\n\n"],
    [{ status: 502, body: "Bad Gateway" }, "Code: 502. Raw Message:\n\nBad Gateway\n"],
    [{ status: 500, body: "" }, "Code: 500. Raw Message:\n\n\n"],
    [{ status: 307, body: "" }, "Code: 307. Raw Message:\n\n\n"],
  ])("of %j are refusals", async (reply, tail) => {
    stub.play({ "PUT sys/seal": reply });
    const outcome = await cli(["operator", "seal"], { env: { VAULT_ADDR: stub.address } });
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toBe(
      `Error sealing: Error making API request.\n\nURL: PUT ${stub.address}/v1/sys/seal\n${tail}`,
    );
  });

  it.each(["<html>", "[1]", "{"])("of 200 that are %j are not taken for an answer", async (body) => {
    stub.play({ "GET sys/seal-status": { status: 200, body } });
    const outcome = await cli(["status"], { env: { VAULT_ADDR: stub.address } });
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain("not ");
  });

  it("carry warnings to standard error, apart from the result", async () => {
    stub.play({ "GET a": ok({ data: { k: "v" }, warnings: ["old", "odd"] }) });
    const outcome = await cli(["read", "a"], { env: { VAULT_ADDR: stub.address } });
    expect(outcome.stdout).toBe("Key    Value\n---    -----\nk      v\n");
    expect(outcome.stderr).toBe(
      "WARNING! The following warnings were returned from Sealwright:\n\n  * old\n\n  * odd\n\n",
    );
  });
});

describe("paths", () => {
  it.each([
    ["a b/c?d#e", "a%20b/c%3Fd%23e"],
    ["a/../b", "a/../b"],
    ["a%2fb", "a%252fb"],
    ["/a//b/", "a//b/"],
    ["ü", "%C3%BC"],
  ])("%j go out as %j", async (path, sent) => {
    await cli(["delete", path], { env: { VAULT_ADDR: stub.address } });
    expect(stub.routes).toEqual([`DELETE ${sent}`]);
  });
});

describe("the token", () => {
  const tokenSent = () => stub.seen[0]?.headers["x-vault-token"];

  it("is BAO_TOKEN, else VAULT_TOKEN, else what login stored", async () => {
    const env = { VAULT_ADDR: stub.address, HOME: home };
    writeFileSync(join(home, ".vault-token"), "stored\n");
    for (const [more, sent] of [
      [{ BAO_TOKEN: "bao", VAULT_TOKEN: "vault" }, "bao"],
      [{ VAULT_TOKEN: "vault" }, "vault"],
      [{}, "stored"],
    ] as const) {
      stub.play(STATUS);
      await cli(["status"], { env: { ...env, ...more } });
      expect(tokenSent()).toBe(sent);
    }
  });

  it("is left out when there is none", async () => {
    await cli(["status"], { env: { VAULT_ADDR: stub.address, HOME: home } });
    expect(tokenSent()).toBeUndefined();
  });

  it("is stored by login with mode 0600, replacing a link rather than following it", async () => {
    const target = join(home, "elsewhere");
    writeFileSync(target, "untouched", { mode: 0o644 });
    symlinkSync(target, join(home, ".vault-token"));
    stub.play({ "GET auth/token/lookup-self": ok({ data: { policies: ["root"], ttl: 0 } }) });
    const outcome = await cli(["login", "-"], { env: { VAULT_ADDR: stub.address, HOME: home }, stdin: "s.new\n" });
    expect(outcome.code).toBe(0);
    expect(tokenSent()).toBe("s.new");
    expect(readFileSync(target, "utf8")).toBe("untouched");
    expect(readFileSync(join(home, ".vault-token"), "utf8")).toBe("s.new");
    expect(statSync(join(home, ".vault-token")).mode & 0o777).toBe(0o600);
  });

  it("is not stored by a login that the server refuses, nor with -no-store", async () => {
    const env = { VAULT_ADDR: stub.address, HOME: home };
    stub.play({ "GET auth/token/lookup-self": { status: 403, body: { errors: ["permission denied"] } } });
    const refused = await cli(["login", "bad"], { env });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^Error authenticating: error looking up token: /);
    stub.play({ "GET auth/token/lookup-self": ok({ data: { policies: [], ttl: 60 } }) });
    expect((await cli(["login", "-no-store", "good"], { env })).stdout).toContain("not stored");
    expect(() => statSync(join(home, ".vault-token"))).toThrow("ENOENT");
  });

  it("that stands in the way of the new one is named by login", async () => {
    stub.play({ "GET auth/token/lookup-self": ok({ data: { policies: [], ttl: 60 } }) });
    const env = { VAULT_ADDR: stub.address, HOME: home, VAULT_TOKEN: "old" };
    expect((await cli(["login", "new"], { env })).stderr).toContain("WARNING! VAULT_TOKEN is set");
    expect(tokenSent()).toBe("new");
  });

  it.each(["with space", "two\nlines", "tab\t", "ümlaut"])("may not be %j, and is not shown", async (token) => {
    const outcome = await cli(["status"], { env: { VAULT_ADDR: stub.address, VAULT_TOKEN: token } });
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^The token has spaces/);
    expect(stub.seen).toEqual([]);
  });

  it("is printed by print token, and login knows no other method", async () => {
    expect(await cli(["print", "token"], { env: { VAULT_TOKEN: "t" } })).toMatchObject({ code: 0, stdout: "t\n" });
    expect((await cli(["login", "-method=userpass"])).code).toBe(1);
  });
});

describe("namespaces", () => {
  it.each([
    [["status"], { VAULT_NAMESPACE: "team" }, "VAULT_NAMESPACE"],
    [["status"], { BAO_NAMESPACE: "team" }, "BAO_NAMESPACE"],
    [["status", "-namespace=team"], {}, "-namespace"],
    [["status", "-ns", "team"], {}, "-namespace"],
  ])("are refused: %j with %j", async (args, env, source) => {
    const outcome = await cli(args, { env: { VAULT_ADDR: stub.address, ...env } });
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(`${source} asks for "team"`);
    expect(stub.seen).toEqual([]);
  });
});

describe("-output-curl-string", () => {
  it("prints the request, quoted for a shell, without token, and sends nothing", async () => {
    const env = { VAULT_ADDR: stub.address, VAULT_TOKEN: "s.secret" };
    const outcome = await cli(["write", "-output-curl-string", "a/b", "k=it's"], { env });
    expect(outcome).toEqual({
      code: 0,
      stdout:
        `curl -X PUT -H 'X-Vault-Request: true' -H "X-Vault-Token: $(sealwright print token)" ` +
        `-d '{"k":"it'\\''s"}' ${stub.address}/v1/a/b\n`,
      stderr: "",
    });
    expect(stub.seen).toEqual([]);
  });

  it("still looks up the mount that kv needs to know", async () => {
    stub.play({ "GET sys/internal/ui/mounts/secret": ok({ data: { path: "secret/", options: { version: "2" } } }) });
    const args = ["kv", "get", "-output-curl-string", "-mount=secret", "x"];
    expect((await cli(args, { env: { VAULT_ADDR: stub.address } })).stdout).toContain("/v1/secret/data/x\n");
  });
});

describe("TLS", () => {
  let server: ReturnType<typeof createTlsServer>;
  let env: { VAULT_ADDR: string };
  let cert: string;
  beforeEach(async () => {
    cert = join(home, "cert.pem");
    const key = join(home, "key.pem");
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:vault.example"];
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...made, "-days", "1", ...subject], { stdio: "ignore" });
    server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
      response.end('{"sealed":false}');
    });
    env = { VAULT_ADDR: `https://127.0.0.1:${await listening(server)}` };
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("trusts VAULT_CACERT, VAULT_CAPATH and -ca-cert, for the name that is asked for", async () => {
    const name = "-tls-server-name=vault.example";
    expect((await cli(["status", name], { env: { ...env, VAULT_CACERT: cert } })).code).toBe(0);
    expect((await cli(["status", name, `-ca-cert=${cert}`], { env })).code).toBe(0);
    expect((await cli(["status", name], { env: { ...env, BAO_CAPATH: home } })).code).toBe(0);
  });

  it("skips the check only when told", async () => {
    expect((await cli(["status"], { env: { ...env, VAULT_SKIP_VERIFY: "true" } })).code).toBe(0);
    expect((await cli(["status", "-tls-skip-verify"], { env })).code).toBe(0);
    const unchecked = await cli(["status"], { env: { ...env, VAULT_SKIP_VERIFY: "false" } });
    expect(unchecked.code).toBe(1);
    expect(unchecked.stderr).toContain("not signed by a trusted authority (see VAULT_CACERT)");
  });

  it("refuses a certificate for another name", async () => {
    const outcome = await cli(["status"], { env: { ...env, VAULT_CACERT: cert } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("its certificate is for another name");
  });

  it.each([
    [{ VAULT_CACERT: "/nonexistent" }, "open /nonexistent: no such file or directory"],
    [{ VAULT_CAPATH: "/nonexistent" }, "open /nonexistent: no such file or directory"],
    [{ VAULT_CLIENT_CERT: "/x" }, "set both or neither"],
    [{ VAULT_SKIP_VERIFY: "perhaps" }, "expected true or false"],
  ])("names what cannot be used: %j", async (more, message) => {
    const outcome = await cli(["operator", "seal"], { env: { ...env, ...more } });
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(message);
  });
});
