// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

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

const batch = { policies: ["maker"], type: "batch", ttl: "1h" };

test("a batch token is sealed, counted as an encryption, and not stored", async () => {
  const count = () => server.server.store.barrier.encryptions;
  const stored = await server.server.store.list("sealwright/tokens/id/");
  const before = count();
  const auth = await server.create(batch);
  expect(auth).toMatchObject({ accessor: "", renewable: false, token_type: "batch", lease_duration: 3600 });
  expect(auth.client_token).toMatch(/^b\.[\w-]+$/);
  expect(count() - before).toBe(1n);
  expect(await server.server.store.list("sealwright/tokens/id/")).toEqual(stored);
  const { body } = await server.call("GET", "auth/token/lookup-self", { token: auth.client_token });
  expect(body.data).toMatchObject({ type: "batch", accessor: "", renewable: false, ttl: 3600, orphan: false });
});

test("a batch token expires, and lives on over a rotation and a restart of the barrier", async () => {
  const token = await server.token(batch);
  await server.call("PUT", "sys/rotate");
  await server.server.store.seal();
  await server.server.store.unseal();
  expect(await server.lookup(token)).toBe(200);
  vi.setSystemTime(Date.now() + 3_600_000);
  expect(await server.lookup(token)).toBe(403);
});

test("a batch token dies with its parent, and an orphan does not", async () => {
  const parent = await server.token({ policies: ["maker"] });
  const child = await server.token(batch, parent);
  const orphan = await server.token({ ...batch, no_parent: true });
  await server.call("POST", "auth/token/revoke", { body: { token: parent } });
  expect(await server.lookup(child)).toBe(403);
  expect(await server.lookup(orphan)).toBe(200);
});

test.each([
  ["renew", "batch tokens cannot be renewed"],
  ["revoke", "batch tokens cannot be revoked"],
  ["revoke-orphan", "batch tokens cannot be revoked"],
])("%s refuses a batch token with 400", async (path, sentence) => {
  const token = await server.token(batch);
  const answer = await server.call("POST", `auth/token/${path}`, { body: { token } });
  expect(answer).toMatchObject({ status: 400, body: { errors: [sentence] } });
  expect(await server.lookup(token)).toBe(200);
});

test("a batch token makes no other token", async () => {
  const token = await server.token(batch);
  const answer = await server.call("POST", "auth/token/create", { token, body: {} });
  expect(answer).toMatchObject({ status: 400, body: { errors: ["batch tokens cannot create more tokens"] } });
});

test("a batch token with too much in it is refused", async () => {
  const body = { ...batch, meta: { much: "x".repeat(9_000) } };
  const answer = await server.call("POST", "auth/token/create", { body });
  expect(answer).toMatchObject({ status: 400, body: { errors: [expect.stringContaining("give it fewer")] } });
});

test("a batch token that was altered anywhere, or is another store's, is none", async () => {
  const token = await server.token(batch);
  for (let index = 2; index < token.length - 1; index += 7) {
    const other = token[index] === "A" ? "B" : "A";
    expect(await server.lookup(token.slice(0, index) + other + token.slice(index + 1))).toBe(403);
  }
  for (const malformed of ["b.", "b.AAAA", "b.!!", `${token}AAAA`, token.slice(0, 40)]) {
    expect(await server.lookup(malformed)).toBe(403);
  }
  const another = await startTestServer();
  expect(await another.lookup(token)).toBe(403);
  await another.stop();
});

test("a stored entry's bytes are no batch token", async () => {
  const bytes = await server.server.store.barrier.encrypt("sealwright/policies/x", Buffer.from("{}"));
  expect(await server.lookup(`b.${Buffer.from(bytes).toString("base64url")}`)).toBe(403);
});
