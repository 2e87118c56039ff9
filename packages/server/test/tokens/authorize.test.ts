// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Method } from "../../src/http/api.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.call("POST", "sys/mounts/box", { body: { type: "kv", options: { version: "1" } } });
});
afterAll(() => server.stop());

let serial = 0;
/** A token with one policy of its own, and nothing else. */
async function tokenFor(policy: string): Promise<string> {
  const name = `for-${serial++}`;
  await server.policy(name, policy);
  return server.token({ policies: [name], no_default_policy: true });
}

const allow = (path: string, ...names: string[]) => `path "${path}" { capabilities = ${JSON.stringify(names)} }`;
const DENIED = { status: 403, body: { errors: ["1 error occurred:\n\t* permission denied\n\n"] } };
const UNKNOWN = { status: 403, body: { errors: ["permission denied"] } };

describe("the rights of rotation", () => {
  const cases: [Method, string, string[]][] = [
    ["PUT", "sys/rotate", ["update", "sudo"]],
    ["PUT", "sys/rotate/keyring", ["update", "sudo"]],
    ["GET", "sys/key-status", ["read"]],
  ];

  test.each(cases)("%s %s needs %j, all of them", async (method, path, needed) => {
    expect((await server.call(method, path, { token: await tokenFor(allow(path, ...needed)) })).status).toBeLessThan(
      300,
    );
    for (const missing of needed) {
      const others = ["create", "read", "update", "delete", "list", "sudo", "patch"].filter((name) => name !== missing);
      const { term: before } = server.server.store.barrier.keyStatus;
      expect(await server.call(method, path, { token: await tokenFor(allow(path, ...others)) }), missing).toEqual(
        DENIED,
      );
      expect(server.server.store.barrier.keyStatus.term).toBe(before);
    }
  });

  test("sys/seal needs update and sudo, and stays unsealed without", async () => {
    expect(await server.call("PUT", "sys/seal", { token: await tokenFor(allow("sys/seal", "update")) })).toEqual(
      DENIED,
    );
    expect(await server.call("PUT", "sys/seal", { token: await tokenFor(allow("sys/seal", "sudo")) })).toEqual(DENIED);
    expect(server.server.store.sealed).toBe(false);
  });
});

describe("an operation needs its capability", () => {
  const cases: [Method, string, string][] = [
    ["GET", "box/there", "read"],
    ["LIST", "box/", "list"],
    ["LIST", "box", "list"],
    ["PUT", "box/there", "update"],
    ["POST", "box/there", "update"],
    ["PUT", "box/new", "create"],
    ["POST", "box/new", "create"],
    ["DELETE", "box/there", "delete"],
  ];

  test.each(cases)("%s %s: %s", async (method, path, needed) => {
    const fresh = async () => {
      await server.call("PUT", "box/there", { body: { a: "1" } });
      await server.call("DELETE", "box/new");
    };
    const body = { a: "2" };
    await fresh();
    const right = await server.call(method, path, { token: await tokenFor(allow("box/*", needed)), body });
    expect(right.status).toBeLessThan(300);
    await fresh();
    const others = ["create", "read", "update", "delete", "list", "sudo", "patch"].filter((name) => name !== needed);
    expect(await server.call(method, path, { token: await tokenFor(allow("box/*", ...others)), body })).toEqual(DENIED);
    expect((await server.call("GET", "box/there")).body.data).toEqual({ a: "1" });
    expect((await server.call("GET", "box/new")).status).toBe(404);
  });

  test("GET with list=true is a LIST", async () => {
    const listed = await fetch(`${server.server.urls[0]}/v1/box?list=true`, {
      headers: { "X-Vault-Token": await tokenFor(allow("box/*", "read")) },
    });
    expect(listed.status).toBe(403);
  });

  test("deny on the path itself wins over a wider grant", async () => {
    const token = await tokenFor(`${allow("box/*", "read")}\n${allow("box/there", "deny")}`);
    expect(await server.call("GET", "box/there", { token })).toEqual(DENIED);
  });
});

describe("parameters", () => {
  const parameters = 'allowed_parameters = { a = ["x"] }\nrequired_parameters = ["a"]';
  const policy = `path "box/*" { capabilities = ["create", "update"]\n${parameters} }`;

  test.each([
    ["the allowed ones", { a: "x" }, 204],
    ["another value", { a: "y" }, 403],
    ["another field", { a: "x", b: "x" }, 403],
    ["another field in a repeated name", '{"a": "x", "A": "y"}', 403],
    ["none, though one is required", "", 403],
    ["no object", "[]", 400],
  ])("of a write are held to the policy: %s", async (_what, body, status) => {
    expect((await server.call("PUT", "box/limited", { token: await tokenFor(policy), body })).status).toBe(status);
  });
});

describe("sudo paths", () => {
  const cases: [Method, string][] = [
    ["POST", "auth/token/create-orphan"],
    ["POST", "auth/token/revoke-orphan"],
    ["LIST", "auth/token/accessors"],
  ];
  test.each(cases)("%s %s is refused without sudo", async (method, path) => {
    const token = await tokenFor(allow(path, "create", "read", "update", "list"));
    expect(await server.call(method, path, { token, body: {} })).toEqual(DENIED);
  });
});

describe("no token, or a bad one", () => {
  test.each([
    ["none", null],
    ["an empty one", ""],
    ["an unknown one", "s.000000000000000000000000"],
    ["one with a space behind it", " "],
    ["a very long one", `s.${"x".repeat(100_000)}`],
    ["a very long batch token", `b.${"A".repeat(100_000)}`],
    ["one with control characters", "s.\u0000\u0007"],
    ["one of lone surrogates", "\ud800"],
    ["an accessor", "accessor"],
  ])("%s is refused with 403 and changes nothing", async (what, given) => {
    const token = what === "an accessor" ? (await server.create({ policies: ["default"] })).accessor : given;
    const { encryptions } = server.server.store.barrier;
    for (const path of ["sys/key-status", "box/there", "sys/no-such-path", "auth/token/lookup-self"]) {
      expect(await server.call("GET", path, { token })).toEqual(UNKNOWN);
    }
    expect(server.server.store.barrier.encryptions).toBe(encryptions);
  });

  test("a header too long for HTTP itself is refused, and the next request is served", async () => {
    const url = `${server.server.urls[0]}/v1/sys/key-status`;
    const long = await fetch(url, { headers: { "X-Vault-Token": "x".repeat(60_000) } });
    expect([400, 403, 431]).toContain(long.status);
    expect((await fetch(url, { headers: { "X-Vault-Token": server.root } })).status).toBe(200);
  });
});
