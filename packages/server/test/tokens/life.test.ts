// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Sweeper } from "../../src/tokens/sweeper.ts";
import { TokenStore } from "../../src/tokens/token-store.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const HOUR = 3_600_000;

let server: TestServer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-01T00:00:00Z") });
  server = await startTestServer();
  await server.policy("maker", 'path "auth/token/*" { capabilities = ["update", "read"] }');
});
afterEach(async () => {
  await server.stop();
  vi.useRealTimers();
});

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);

describe("an expiring token", () => {
  test("is refused from the moment on, and so is all that descends from it", async () => {
    const parent = await server.token({ policies: ["maker"], ttl: "1h" });
    const child = await server.token({ ttl: "5h" }, parent);
    const grandchild = await server.token({ ttl: "5h" }, child);
    pass(HOUR - 1);
    expect(await Promise.all([parent, child, grandchild].map(server.lookup))).toEqual([200, 200, 200]);
    pass(1);
    expect(await Promise.all([parent, child, grandchild].map(server.lookup))).toEqual([403, 403, 403]);
  });

  test("lives on when it is renewed, up to its limit", async () => {
    const token = await server.token({ policies: ["maker"], ttl: "1h", explicit_max_ttl: "90m" });
    pass(HOUR / 2);
    const renewed = await server.call("POST", "auth/token/renew-self", { token, body: {} });
    expect(renewed.body.auth).toMatchObject({ client_token: token, lease_duration: 3600 });
    pass(HOUR - 1);
    expect(await server.lookup(token)).toBe(200);
    const late = await server.call("POST", "auth/token/renew-self", { token, body: { increment: "1h" } });
    expect(late.body.auth?.lease_duration).toBe(0);
    pass(1);
    expect(await server.lookup(token)).toBe(403);
  });

  test("that is periodic lives on for ever", async () => {
    const token = await server.token({ policies: ["maker"], period: "1h" });
    for (let hour = 0; hour < 2_000; hour += 400) {
      pass(HOUR - 1);
      expect((await server.call("POST", "auth/token/renew-self", { token })).status).toBe(200);
    }
  });

  test("shows its last renewal and what is left", async () => {
    const token = await server.token({ policies: ["maker"], ttl: "1h" });
    pass(HOUR / 2);
    await server.call("POST", "auth/token/renew", { body: { token, increment: 600 } });
    pass(60_000);
    const { body } = await server.call("GET", "auth/token/lookup-self", { token });
    expect(body.data).toMatchObject({
      ttl: 540,
      creation_ttl: 3600,
      expire_time: "2030-01-01T00:40:00.000Z",
      last_renewal: "2030-01-01T00:30:00.000Z",
      last_renewal_time: Date.parse("2030-01-01T00:30:00Z") / 1000,
    });
  });

  test.each([
    ["a token that never expires", {}, "invalid lease ID"],
    ["one that is not renewable", { policies: ["maker"], renewable: false }, "lease is not renewable"],
  ])("renew refuses %s with 400", async (_what, fields, sentence) => {
    const token = await server.token(fields);
    const answer = await server.call("POST", "auth/token/renew", { body: { token } });
    expect(answer).toMatchObject({ status: 400, body: { errors: [sentence] } });
  });

  test.each([
    ["renew", { token: "s.nobody" }, 400, "token not found"],
    ["renew", {}, 400, "missing token ID"],
    ["renew-accessor", { accessor: "nobody" }, 400, "invalid accessor"],
    ["renew-accessor", {}, 400, "missing accessor"],
    ["lookup", { token: "s.nobody" }, 403, "bad token"],
    ["lookup-accessor", { accessor: "nobody" }, 400, "invalid accessor"],
    ["lookup-accessor", {}, 400, "missing accessor"],
    ["revoke", {}, 400, "missing token ID"],
    ["revoke-accessor", {}, 400, "missing accessor"],
    ["revoke-orphan", {}, 400, "missing token ID"],
    ["revoke-orphan", { token: "s.nobody" }, 400, "token to revoke not found"],
  ])("%s of %j is refused with %i", async (path, body, status, sentence) => {
    const answer = await server.call("POST", `auth/token/${path}`, { body });
    expect(answer).toMatchObject({ status, body: { errors: [sentence] } });
  });

  test("is deleted from storage by the next sweep, with its tree", async () => {
    const before = (await server.server.store.list("sealwright/tokens/id/")).length;
    const parent = await server.token({ policies: ["maker"], ttl: "1h" });
    await server.token({ ttl: "5h" }, parent);
    pass(HOUR + 60_000);
    await server.call("GET", "auth/token/lookup-self");
    expect(await server.server.store.list("sealwright/tokens/id/")).toHaveLength(before + 2);
    const { store } = server.server;
    const limits = { defaultTtl: HOUR, maxTtl: HOUR };
    const tokens = new TokenStore({ store, limits, now: () => new Date() });
    const failures: unknown[] = [];
    await new Sweeper({ store, tokens, onFailure: (error) => failures.push(error) }).sweep();
    expect(failures).toEqual([]);
    expect(await server.server.store.list("sealwright/tokens/id/")).toHaveLength(before);
    for (const index of ["accessor", "parent", "expiry"]) {
      expect(await server.server.store.list(`sealwright/tokens/${index}/`), index).toHaveLength(
        index === "accessor" ? before : 0,
      );
    }
  });
});

describe("a revoked token", () => {
  test("takes its whole tree with it, and leaves nothing in storage", async () => {
    const before = await server.server.store.list("sealwright/tokens/id/");
    const parent = await server.token({ policies: ["maker"] });
    const children = await Promise.all([1, 2, 3].map(() => server.token({}, parent)));
    const grandchild = await server.token({}, children[0]);
    const other = await server.token({ policies: ["maker"] });
    expect((await server.call("POST", "auth/token/revoke", { body: { token: parent } })).status).toBe(204);
    for (const token of [parent, ...children, grandchild]) expect(await server.lookup(token)).toBe(403);
    expect(await server.lookup(other)).toBe(200);
    expect(await server.server.store.list("sealwright/tokens/id/")).toHaveLength(before.length + 1);
    expect(await server.server.store.list("sealwright/tokens/parent/")).toHaveLength(1);
  });

  test("leaves its children as orphans with revoke-orphan", async () => {
    const parent = await server.token({ policies: ["maker"] });
    const child = await server.token({}, parent);
    const grandchild = await server.token({}, child);
    expect((await server.call("POST", "auth/token/revoke-orphan", { body: { token: parent } })).status).toBe(204);
    expect(await Promise.all([parent, child, grandchild].map(server.lookup))).toEqual([403, 200, 200]);
    const lookup = async (token: string) => (await server.call("POST", "auth/token/lookup", { body: { token } })).body;
    expect((await lookup(child)).data).toMatchObject({ orphan: true });
    expect((await lookup(grandchild)).data).toMatchObject({ orphan: false });
  });

  test("may be named by its accessor, which shows no more than it must", async () => {
    const { client_token: token, accessor } = await server.create({ policies: ["maker"] });
    const looked = await server.call("POST", "auth/token/lookup-accessor", { body: { accessor } });
    expect(looked.body.data).toMatchObject({ id: "", accessor });
    const renewed = await server.call("POST", "auth/token/renew-accessor", { body: { accessor } });
    expect(renewed.body.auth).toMatchObject({ client_token: "", accessor });
    expect((await server.call("LIST", "auth/token/accessors/")).body.data).toMatchObject({
      keys: expect.arrayContaining([accessor]),
    });
    expect((await server.call("POST", "auth/token/revoke-accessor", { body: { accessor } })).status).toBe(204);
    expect(await server.lookup(token)).toBe(403);
    const again = await server.call("POST", "auth/token/revoke-accessor", { body: { accessor } });
    expect(again).toMatchObject({ status: 200, body: { warnings: ["No token found with this accessor"] } });
  });

  test("that revoked itself is gone, and revoking it again changes nothing", async () => {
    const token = await server.token({ policies: ["maker"] });
    expect((await server.call("POST", "auth/token/revoke-self", { token })).status).toBe(204);
    expect(await server.lookup(token)).toBe(403);
    expect((await server.call("POST", "auth/token/revoke", { body: { token } })).status).toBe(204);
  });

  test("makes no child that survives it, however the two requests meet", async () => {
    for (let round = 0; round < 10; round++) {
      const parent = await server.token({ policies: ["maker"] });
      const making = Promise.all(
        [1, 2, 3].map(() => server.call("POST", "auth/token/create", { token: parent, body: {} })),
      );
      await server.call("POST", "auth/token/revoke", { body: { token: parent } });
      for (const { body } of await making) if (body.auth) expect(await server.lookup(body.auth.client_token)).toBe(403);
    }
    expect(await server.server.store.list("sealwright/tokens/parent/")).toEqual([]);
  });
});

describe("a token of limited uses", () => {
  test("is gone with its last use, and a refused request is a use", async () => {
    const token = await server.token({ policies: ["maker"], num_uses: 3 });
    expect(await server.lookup(token)).toBe(200);
    expect((await server.call("GET", "sys/key-status", { token })).status).toBe(403);
    expect((await server.call("POST", "auth/token/revoke", { token, body: { token: "s.nobody" } })).status).toBe(204);
    expect((await server.call("GET", "sys/key-status", { token })).body.errors).toEqual(["permission denied"]);
  });

  test("is used once where many requests come at once", async () => {
    await server.policy("status", 'path "sys/key-status" { capabilities = ["read"] }');
    const token = await server.token({ policies: ["status"], num_uses: 1 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.call("GET", "sys/key-status", { token })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test("shows how many are left", async () => {
    const token = await server.token({ policies: ["maker"], num_uses: 5 });
    await server.lookup(token);
    const { body } = await server.call("POST", "auth/token/lookup", { body: { token } });
    expect(body.data).toMatchObject({ num_uses: 4 });
  });
});

describe("on disk", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sealwright-tokens-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("expiry, uses, revocation and policies survive a restart", async () => {
    const first = await startTestServer({ folder });
    await first.policy("status", 'path "sys/key-status" { capabilities = ["read"] }');
    const short = await first.token({ policies: ["status"], ttl: "1h" });
    const long = await first.token({ policies: ["status"], ttl: "3h" });
    const counted = await first.token({ policies: ["status"], num_uses: 2 });
    const revoked = await first.token({ policies: ["status"] });
    await first.lookup(counted);
    await first.call("POST", "auth/token/revoke", { body: { token: revoked } });
    await first.stop();
    pass(2 * HOUR);
    const second = await startTestServer({ folder, root: first.root });
    const status = async (token: string) => (await second.call("GET", "sys/key-status", { token })).status;
    expect(await status(short)).toBe(403);
    expect(await status(revoked)).toBe(403);
    expect(await status(long)).toBe(200);
    expect(await status(counted)).toBe(200);
    expect(await status(counted)).toBe(403);
    await second.stop();
  });

  test("neither tokens nor accessors stand in a file's name or content", async () => {
    const first = await startTestServer({ folder });
    const { client_token: token, accessor } = await first.create({ policies: ["default"] });
    await first.stop();
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const texts = names.map(({ parentPath, name }) => join(parentPath, name));
    for (const file of names.filter((each) => each.isFile())) {
      const content = await readFile(join(file.parentPath, file.name), "utf8");
      const value = (JSON.parse(content) as { Value?: string }).Value ?? "";
      texts.push(content, Buffer.from(value, "base64").toString("latin1"));
    }
    for (const secret of [token, token.slice(2), first.root, accessor]) expect(texts.join("\n")).not.toContain(secret);
  });
});
