// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ config: 'default_lease_ttl = "1h"\nmax_lease_ttl = "10h"' });
  await server.policy("maker", 'path "auth/token/create" { capabilities = ["update"] }');
  await server.policy("sudo-maker", 'path "auth/token/create*" { capabilities = ["update", "sudo"] }');
  await server.policy("reader", 'path "secret/*" { capabilities = ["read"] }');
});
afterAll(() => server.stop());

const create = (fields: object, token?: string) =>
  server.call("POST", "auth/token/create", { body: fields, ...(token === undefined ? {} : { token }) });

describe("a new token", () => {
  test("lives for the default time and gets the policy default", async () => {
    const auth = await server.create({ policies: ["reader"] });
    expect(auth).toMatchObject({ lease_duration: 3600, policies: ["default", "reader"], orphan: false });
    expect(auth.client_token).toMatch(/^s\.[0-9A-Za-z]{24}$/);
    expect(auth.accessor).toMatch(/^[0-9A-Za-z]{24}$/);
  });

  test.each([
    ["no_default_policy leaves the policy default out", { no_default_policy: true }, { policies: ["reader"] }],
    ["renewable false is kept", { renewable: false }, { renewable: false }],
    ["metadata are shown", { meta: { who: "me" } }, { metadata: { who: "me" } }],
    ["no_parent makes an orphan", { no_parent: true }, { orphan: true }],
    ["a time in seconds is taken as a number", { ttl: 90 }, { lease_duration: 90 }],
    ["lease is an older name of ttl", { lease: "90s" }, { lease_duration: 90 }],
    ["empty texts are the same as nothing", { ttl: "", period: "", type: "", id: "" }, { lease_duration: 3600 }],
    ["a period is the time of life", { period: "30m" }, { lease_duration: 1800 }],
  ])("%s", async (_what, fields, expected) => {
    expect(await server.create({ policies: ["Reader", " reader "], ...fields })).toMatchObject(expected);
  });

  test.each([
    ["ttl", { ttl: "20h" }, 36_000, 'TTL of "20h0m0s" exceeded the effective max_ttl of "10h0m0s"'],
    ["ttl beside a shorter explicit_max_ttl", { ttl: "2h", explicit_max_ttl: "30m" }, 1_800, 'max_ttl of "30m0s"'],
    ["period", { period: "20h" }, 36_000, 'period of "20h0m0s" exceeded the effective max_ttl of "10h0m0s"'],
  ])("with a %s beyond the limit is capped, with a warning", async (_what, fields, seconds, warning) => {
    const { body } = await create({ policies: ["reader"], ...fields });
    expect(body.auth).toMatchObject({ lease_duration: seconds });
    expect(body.warnings).toEqual([expect.stringContaining(warning)]);
  });

  test("by a root token without policies is a root token that never expires", async () => {
    expect(await server.create({})).toMatchObject({ policies: ["root"], lease_duration: 0, renewable: false });
  });

  test("by the root policy may have a text of its own, once", async () => {
    expect(await server.create({ id: "my-own-token", policies: ["reader"] })).toMatchObject({
      client_token: "my-own-token",
    });
    expect(await create({ id: "my-own-token" })).toMatchObject({
      status: 400,
      body: { errors: ["cannot create a token with a duplicate ID"] },
    });
  });

  test("shows a cleaned display name, its path and its limits when looked up", async () => {
    const fields = { policies: ["reader"], display_name: "a b/c!", explicit_max_ttl: "2h", period: "10m" };
    const token = await server.token(fields);
    const { body } = await server.call("POST", "auth/token/lookup", { body: { token } });
    expect(body.data).toMatchObject({
      display_name: "token-a-b-c",
      path: "auth/token/create",
      explicit_max_ttl: 7200,
      period: 600,
      id: token,
    });
  });
});

describe("create refuses", () => {
  test.each([
    ["a time that is none", { ttl: "abc" }, 'time: invalid duration "abc"'],
    ["a negative time", { ttl: "-1h" }, "ttl must be positive"],
    ["a negative period", { period: -1 }, "period must be positive"],
    ["a negative explicit_max_ttl", { explicit_max_ttl: "-5" }, "explicit_max_ttl must be positive"],
    ["a negative number of uses", { num_uses: -1 }, "number of uses cannot be negative"],
    ["an unknown type", { type: "periodic" }, "invalid 'token_type' value: expected service or batch"],
    ["an alias of an entity", { entity_alias: "x" }, "'entity_alias' is only allowed in combination with token role"],
    ["a root batch token", { type: "batch" }, "batch tokens cannot be root tokens"],
    ["a batch token with uses", { type: "batch", num_uses: 1 }, 'batch tokens cannot have "num_uses" set'],
    ["a periodic batch token", { type: "batch", period: "1h" }, 'batch tokens cannot have "period" set'],
    [
      "a text with a dot, which prefixes have",
      { id: "s.mine" },
      "a token id has 1 to 128 printable characters and no dot or space",
    ],
    ["a text that is too long", { id: "x".repeat(129) }, expect.stringContaining("1 to 128")],
    [
      "a number of uses that is none",
      { num_uses: "many" },
      expect.stringContaining("num_uses: expected a whole number"),
    ],
    ["policies that are no texts", { policies: [1] }, expect.stringContaining("failed to decode JSON input: policies")],
    ["metadata that are no texts", { meta: { a: 1 } }, expect.stringContaining("failed to decode JSON input: meta")],
  ])("%s with 400", async (_what, fields, sentence) => {
    expect(await create(fields)).toMatchObject({ status: 400, body: { errors: [sentence] } });
  });

  test.each(["[]", '"text"', "{", "7", `${"[".repeat(600)}`])("the body %s with 400", async (body) => {
    expect((await server.call("POST", "auth/token/create", { body })).status).toBe(400);
  });

  test.each([
    ["policies it has not", { policies: ["reader"] }, "child policies must be subset of parent"],
    ["the policy root", { policies: ["root"] }, "child policies must be subset of parent"],
    ["an orphan", { no_parent: true }, "root or sudo privileges required to create orphan token"],
    ["a periodic token", { period: "1h" }, "root or sudo privileges required to create periodic token"],
    ["a text of its own", { id: "chosen" }, "root privileges required to specify token id"],
  ])("a maker without sudo %s", async (_what, fields, sentence) => {
    const maker = await server.token({ policies: ["maker"] });
    expect(await create(fields, maker)).toMatchObject({ status: 400, body: { errors: [sentence] } });
  });

  test("a maker with sudo the policy root, and gives it any other", async () => {
    const maker = await server.token({ policies: ["sudo-maker"] });
    const sentence = "root tokens may not be created without parent token being root";
    expect(await create({ policies: ["root"] }, maker)).toMatchObject({ status: 400, body: { errors: [sentence] } });
    expect(await server.create({ policies: ["reader"], period: "1h", no_parent: true }, maker)).toMatchObject({
      policies: ["default", "reader"],
      orphan: true,
    });
  });

  test("create-orphan to a token without sudo there, with 403, and the others get orphans", async () => {
    const maker = await server.token({ policies: ["maker"] });
    const sudo = await server.token({ policies: ["sudo-maker"] });
    const call = (token: string) => server.call("POST", "auth/token/create-orphan", { token, body: {} });
    expect((await call(maker)).status).toBe(403);
    expect((await call(sudo)).body.auth).toMatchObject({ orphan: true });
  });

  test("an expiring root token a root token for ever", async () => {
    const root = await server.token({ policies: ["root"], ttl: "1h" });
    const sentence = "expiring root tokens cannot create non-expiring root tokens";
    expect(await create({}, root)).toMatchObject({ status: 400, body: { errors: [sentence] } });
  });

  test("a token of limited uses any child", async () => {
    const limited = await server.token({ policies: ["root"], num_uses: 5, ttl: "1h" });
    const sentence = "restricted use token cannot generate child tokens";
    expect(await create({ ttl: "1m" }, limited)).toMatchObject({ status: 400, body: { errors: [sentence] } });
  });

  test("a chain of tokens of more than a hundred", async () => {
    let token = server.root;
    for (let depth = 0; depth < 99; depth++) token = await server.token({}, token);
    expect(await create({}, token)).toMatchObject({
      status: 400,
      body: { errors: ["tokens are nested at most 100 deep: create an orphan"] },
    });
  });

  test("__proto__ as a name of metadata does no harm", async () => {
    const { status } = await create(
      JSON.parse('{"policies":["reader"],"meta":{"__proto__":"x"},"__proto__":{"ttl":"1m"}}'),
    );
    expect(status).toBe(200);
    expect(({} as { ttl?: unknown }).ttl).toBeUndefined();
  });
});

test("a maker without sudo makes children of its own policies", async () => {
  const maker = await server.token({ policies: ["maker", "reader"] });
  expect((await server.create({ policies: ["reader"] }, maker)).policies).toEqual(["default", "reader"]);
  expect((await server.create({}, maker)).policies).toEqual(["default", "maker", "reader"]);
});
