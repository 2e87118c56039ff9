// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../tokens/test-server.ts";

let server: TestServer;
const READ = 'path "secret/*" { capabilities = ["read"] }';

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const put = (name: string, body: unknown) => server.call("PUT", `sys/policies/acl/${name}`, { body });
const read = async (name: string) => (await server.call("GET", `sys/policies/acl/${name}`)).body.data;

describe("a policy", () => {
  test("counts its versions, and its name has no case", async () => {
    await put("Counted", { policy: READ });
    await put("counted", { policy: `${READ}\n` });
    expect(await read("COUNTED")).toMatchObject({ name: "counted", version: 2, policy: `${READ}\n` });
  });

  test("may come in base64, or as rules at the older path", async () => {
    expect((await put("encoded", { policy: Buffer.from(READ).toString("base64") })).status).toBe(204);
    expect((await server.call("POST", "sys/policy/older", { body: { rules: READ } })).status).toBe(204);
    expect(await read("encoded")).toMatchObject({ policy: READ });
    expect(await read("older")).toMatchObject({ policy: READ });
  });

  test.each(["_hidden", "team/app", "with space", "ünïcode", "100%", "a=b"])("may be named %s", async (name) => {
    await server.policy(name, READ);
    expect(await read(name)).toMatchObject({ name });
    expect((await server.call("LIST", "sys/policies/acl/")).body.data).toMatchObject({
      keys: expect.arrayContaining([name]),
    });
    expect((await server.call("DELETE", `sys/policies/acl/${name}`)).status).toBe(204);
    expect((await server.call("GET", `sys/policies/acl/${name}`)).status).toBe(404);
  });

  test("that was changed or deleted holds for the very next request of every token", async () => {
    await server.policy("changing", 'path "sys/key-status" { capabilities = ["read"] }');
    const token = await server.token({ policies: ["changing"] });
    const status = async () => (await server.call("GET", "sys/key-status", { token })).status;
    expect(await status()).toBe(200);
    await server.policy("changing", 'path "sys/key-status" { capabilities = ["deny"] }');
    expect(await status()).toBe(403);
    await server.policy("changing", 'path "sys/*" { capabilities = ["read"] }');
    expect(await status()).toBe(200);
    await server.call("DELETE", "sys/policies/acl/changing");
    expect(await status()).toBe(403);
  });

  test("default may be changed, and stays", async () => {
    expect((await put("default", { policy: READ })).status).toBe(204);
    expect(await read("default")).toMatchObject({ policy: READ, version: 2 });
  });
});

describe("writing a policy is refused with 400 for", () => {
  test.each([
    ["no text", "x", {}, "'policy' parameter not supplied or empty"],
    ["an empty text", "x", { policy: "" }, "'policy' parameter not supplied or empty"],
    ["a time to live", "x", { policy: READ, ttl: "1h" }, "policies do not expire: leave ttl and expiration out"],
    ["root", "root", { policy: READ }, 'cannot update "root" policy'],
    ["root in other letters", "ROOT", { policy: READ }, 'cannot update "root" policy'],
    ["a name of 10,000 characters", "x".repeat(10_000), { policy: READ }, expect.stringContaining("name of a policy")],
    ["a text with an error", "x", { policy: 'path "a" {\n capabilities = 7 }' }, expect.stringContaining("(at 2:17)")],
    ["a body that is no object", "x", "[]", expect.stringContaining("must be a JSON object")],
    ["a text that is a number", "x", { policy: 7 }, expect.stringContaining("policy: expected a text")],
  ])("%s, and nothing is written", async (_what, name, body, sentence) => {
    const before = (await server.call("GET", "sys/policy")).body.data;
    expect(await put(name, body)).toMatchObject({ status: 400, body: { errors: [sentence] } });
    expect((await server.call("GET", "sys/policy")).body.data).toEqual(before);
  });

  test("another version than the one named", async () => {
    expect((await put("checked", { policy: READ, cas: 0, cas_required: true })).status).toBe(204);
    const cases = [
      [{ policy: READ }, "check-and-set parameter required for this call"],
      [{ policy: READ, cas: 0 }, "check-and-set parameter did not match the current version, which is 1"],
      [{ policy: READ, cas: 2 }, "check-and-set parameter did not match the current version, which is 1"],
    ] as const;
    for (const [body, sentence] of cases) {
      expect(await put("checked", body)).toMatchObject({ status: 400, body: { errors: [sentence] } });
    }
    expect((await put("checked", { policy: READ, cas: 1 })).status).toBe(204);
  });
});

test.each(["root", "Root", "default"])("deleting %s is refused with 400", async (name) => {
  expect((await server.call("DELETE", `sys/policies/acl/${name}`)).status).toBe(400);
});

test("policies are there after sealing and unsealing", async () => {
  await server.policy("lasting", READ);
  await server.server.store.seal();
  expect((await server.call("GET", "sys/policies/acl/lasting")).status).toBe(503);
  await server.server.store.unseal();
  expect(await read("lasting")).toMatchObject({ policy: READ });
});
