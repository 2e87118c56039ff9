// SPDX-License-Identifier: Apache-2.0
/** The table of permissions: each request with exactly what it needs, and with each part of that missing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SEALS, type SealName, Stage } from "./walkthrough/stage.ts";

interface Guarded {
  readonly path: string;
  /** The glob of the table, where the policy is to name that. */
  readonly rule: string;
  readonly method: string;
  readonly needs: readonly string[];
  readonly body?: object;
  /** With the rights; 400 where those lead on to a request that lacks something. */
  readonly answer: number;
  readonly on?: readonly SealName[];
}

const AUTO = ["static", "softhsm"] as const;
const SUDO = ["update", "sudo"];
const ONE = { secret_shares: 1, secret_threshold: 1 };

const TABLE: readonly Guarded[] = [
  { path: "sys/rotate", rule: "sys/rotate", method: "PUT", needs: SUDO, answer: 204 },
  { path: "sys/key-status", rule: "sys/key-status", method: "GET", needs: ["read"], answer: 200 },
  { path: "sys/rotate/config", rule: "sys/rotate/config", method: "GET", needs: ["read", "sudo"], answer: 200 },
  {
    path: "sys/rotate/config",
    rule: "sys/rotate/config",
    method: "PUT",
    needs: SUDO,
    body: { max_operations: 2_000_000 },
    answer: 204,
  },
  {
    path: "sys/rotate/root/init",
    rule: "sys/rotate/root/*",
    method: "POST",
    needs: SUDO,
    body: ONE,
    answer: 200,
    on: ["shamir"],
  },
  {
    path: "sys/rotate/root/update",
    rule: "sys/rotate/root/*",
    method: "POST",
    needs: SUDO,
    body: { nonce: "none", key: "AAAA" },
    answer: 400,
    on: ["shamir"],
  },
  {
    path: "sys/rotate/recovery/init",
    rule: "sys/rotate/recovery/*",
    method: "POST",
    needs: SUDO,
    body: ONE,
    answer: 200,
    on: AUTO,
  },
  {
    path: "sys/rotate/recovery/update",
    rule: "sys/rotate/recovery/*",
    method: "POST",
    needs: SUDO,
    body: { nonce: "none", key: "AAAA" },
    answer: 400,
    on: AUTO,
  },
];

describe.each(SEALS)("on a %s seal", (seal) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
  });
  afterAll(() => stage.close());

  async function tokenFor(rule: string, capabilities: readonly string[]): Promise<string> {
    const policy = `path "${rule}" { capabilities = ${JSON.stringify(capabilities)} }`;
    const written = await stage.http("PUT", "sys/policies/acl/some", { policy }, stage.rootToken);
    expect(written.status).toBe(204);
    const made = await stage.http("PUT", "auth/token/create", { policies: ["some"] }, stage.rootToken);
    return (made.body.auth as { readonly client_token: string }).client_token;
  }

  const guarded = TABLE.filter(({ on = SEALS }) => (on as readonly string[]).includes(seal));

  test.each(guarded)("$method $path needs $needs", async ({ path, rule, method, needs, body, answer }) => {
    const read = async (name: string) => (await stage.http("GET", name, undefined, stage.rootToken)).body;
    const state = async () => ({
      config: (await read("sys/rotate/config")).data,
      started: (await read(`${stage.rekeyPath}/init`)).started,
      term: (await read("sys/key-status")).term,
    });
    const before = await state();
    expect(before).toEqual({
      config: expect.objectContaining({ enabled: true }),
      started: expect.any(Boolean),
      term: expect.any(Number),
    });
    const lacking = needs.map((missing) => needs.filter((each) => each !== missing));
    for (const capabilities of [...lacking, ["create", "list", "delete"], ["deny"]]) {
      const refused = await stage.http(method, path, body, await tokenFor(rule, capabilities));
      expect({ capabilities, status: refused.status }).toEqual({ capabilities, status: 403 });
    }
    expect((await stage.http(method, path, body)).status).toBe(403);
    expect(await state()).toEqual(before);
    expect(await stage.http(method, path, body, await tokenFor(rule, needs))).toMatchObject({ status: answer });
  });
});
