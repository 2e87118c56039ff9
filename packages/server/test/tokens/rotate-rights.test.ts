// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

const document = readFileSync(new URL("../../../../docs/operations/rotate.md", import.meta.url), "utf8");
const POLICY = /```hcl\n([\s\S]*?)```/.exec(document)?.[1] ?? "";

/** The policy of the document without the block for `path`. */
function without(path: string): string {
  return POLICY.replace(new RegExp(`path "${path}" \\{[^}]*\\}\n`), "");
}

describe("with the policy of docs/operations/rotate.md", () => {
  let server: TestServer;
  const term = () => server.server.store.barrier.keyStatus.term;

  beforeEach(async () => {
    server = await startTestServer();
    await server.policy("rotator", POLICY);
    await server.policy("blind", without("sys/key-status"));
    await server.policy("meek", POLICY.replace('["update", "sudo"]', '["update"]'));
  });
  afterEach(() => server.stop());

  test("a token rotates and reads the new term", async () => {
    const token = await server.token({ policies: ["rotator"] });
    expect((await server.call("PUT", "sys/rotate", { token })).status).toBe(204);
    expect((await server.call("GET", "sys/key-status", { token })).body.data).toMatchObject({ term: 2 });
  });

  test("a token that may not read the status rotates all the same", async () => {
    const token = await server.token({ policies: ["blind"] });
    expect((await server.call("PUT", "sys/rotate", { token })).status).toBe(204);
    expect((await server.call("GET", "sys/key-status", { token })).status).toBe(403);
    expect(term()).toBe(2);
  });

  test("a token without sudo is refused, and nothing changes", async () => {
    const token = await server.token({ policies: ["meek"] });
    expect((await server.call("PUT", "sys/rotate", { token })).status).toBe(403);
    expect(term()).toBe(1);
  });

  test("a token has the rights of the document's table, and no others", async () => {
    const token = await server.token({ policies: ["rotator"], no_default_policy: true });
    const rows = [...document.matchAll(/^\| (`sys\/.*?`) \| (`.*?`) \|$/gm)];
    const expected = new Map<string, string[]>([["sys/seal", ["deny"]]]);
    for (const [, paths = "", rights = ""] of rows) {
      for (const [, path = ""] of paths.matchAll(/`(.*?)`/g)) {
        expected.set(path.replace("*", "init"), [...rights.matchAll(/`(.*?)`/g)].map(([, right = ""]) => right).sort());
      }
    }
    expect(expected.size).toBe(6);
    for (const [path, rights] of expected) {
      const answer = await server.call("POST", "sys/capabilities", { body: { token, path } });
      expect(answer.body.data, path).toMatchObject({ capabilities: rights });
    }
  });
});
