// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Auth, startTestServer, type TestServer } from "../tokens/test-server.ts";

let server: TestServer;
let rotator: Auth;

beforeAll(async () => {
  server = await startTestServer();
  await server.policy(
    "rotator",
    `path "sys/rotate" { capabilities = ["update", "sudo"] }
     path "sys/rotate/+/init" { capabilities = ["update"] }
     path "sys/rotate/*" { capabilities = ["read"] }
     path "secret/*" { capabilities = ["list"] }
     path "secret/hidden" { capabilities = ["deny"] }`,
  );
  rotator = await server.create({ policies: ["rotator"] });
});
afterAll(() => server.stop());

const paths = ["sys/rotate", "/sys/rotate/root/init", "sys/rotate/config", "secret/", "secret/hidden", "nowhere"];
const EXPECTED = {
  "sys/rotate": ["sudo", "update"],
  "/sys/rotate/root/init": ["update"],
  "sys/rotate/config": ["read"],
  "secret/": ["list"],
  "secret/hidden": ["deny"],
  nowhere: ["deny"],
};

describe("capabilities", () => {
  test("are told to the token itself, to who has it, and to who has its accessor", async () => {
    const { client_token: token, accessor } = rotator;
    const self = await server.call("POST", "sys/capabilities-self", { token, body: { paths } });
    expect(self.body.data).toEqual(EXPECTED);
    expect(self.body).toMatchObject(EXPECTED);
    expect((await server.call("POST", "sys/capabilities", { body: { paths, token } })).body.data).toEqual(EXPECTED);
    const byAccessor = await server.call("POST", "sys/capabilities-accessor", { body: { paths, accessor } });
    expect(byAccessor.body.data).toEqual(EXPECTED);
  });

  test("of one path stand under capabilities too", async () => {
    const { body } = await server.call("POST", "sys/capabilities-self", { body: { path: "any" } });
    expect(body.data).toEqual({ any: ["root"], capabilities: ["root"] });
  });

  test.each([
    ["capabilities-self", {}, "paths must be supplied"],
    ["capabilities-self", { paths: [] }, "paths must be supplied"],
    ["capabilities", { paths: ["x"] }, "missing token"],
    ["capabilities", { paths: ["x"], token: "s.nobody" }, "invalid token"],
    ["capabilities-accessor", { paths: ["x"] }, "missing accessor"],
    ["capabilities-accessor", { paths: ["x"], accessor: "nobody" }, "invalid accessor"],
    ["capabilities-self", { paths: [7] }, expect.stringContaining("paths: expected")],
  ])("sys/%s of %j is refused with 400", async (path, body, sentence) => {
    expect(await server.call("POST", `sys/${path}`, { body })).toMatchObject({
      status: 400,
      body: { errors: [sentence] },
    });
  });

  test("of others need rights of their own", async () => {
    const { client_token: token } = rotator;
    const answer = await server.call("POST", "sys/capabilities", { token, body: { paths, token: server.root } });
    expect(answer.status).toBe(403);
  });
});

test("the resultant ACL tells paths and globs apart", async () => {
  const { body } = await server.call("GET", "sys/internal/ui/resultant-acl", { token: rotator.client_token });
  expect(body.data).toMatchObject({
    root: false,
    exact_paths: { "sys/rotate": { capabilities: ["sudo", "update"] }, "secret/hidden": { capabilities: ["deny"] } },
    glob_paths: { "secret/": { capabilities: ["list"] }, "sys/rotate/+/init": { capabilities: ["update"] } },
  });
});
