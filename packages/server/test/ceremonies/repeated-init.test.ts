// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it } from "vitest";
import { startTestServer, type TestServer, unseal } from "./test-server.ts";

let server: TestServer;
afterEach(() => server.running.stop());

const BODIES = {
  shamir: { secret_shares: 3, secret_threshold: 2 },
  static: { recovery_shares: 3, recovery_threshold: 2 },
} as const;

interface Init {
  readonly keys: string[];
  readonly root_token: string;
}

/** An init whose answer got lost on the way: nobody is told that it was delivered. */
async function lost(seal: keyof typeof BODIES): Promise<Init> {
  const { json } = await server.raw("PUT", "sys/init", { body: BODIES[seal] });
  return JSON.parse(json ?? "") as Init;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

describe.each(["shamir", "static"] as const)("an init under %s", (seal) => {
  const body = BODIES[seal];

  it("cannot be repeated once its answer has gone out", async () => {
    server = await startTestServer(seal);
    await server.ok("PUT", "sys/init", { body });
    await until(async () => !(await server.running.store.initUnanswered()));
    const { status, error } = await server.call("PUT", "sys/init", { body });
    expect([status, error]).toEqual([400, "Vault is already initialized"]);
  });

  it("whose answer nobody received can be, and what it made is gone", async () => {
    server = await startTestServer(seal);
    const first = await lost(seal);
    const second = (await server.ok("PUT", "sys/init", { body })) as unknown as Init;
    expect(second.root_token).not.toBe(first.root_token);
    if (seal === "shamir") {
      expect((await unseal(server, first.keys.slice(0, 2))).status).toBe(400);
      await unseal(server, second.keys.slice(0, 2));
    }
    expect((await server.call("GET", "auth/token/lookup-self", { token: first.root_token })).status).toBe(403);
    expect((await server.call("GET", "auth/token/lookup-self", { token: second.root_token })).status).toBe(200);
    expect((await server.call("PUT", "sys/init", { body })).status).toBe(400);
  });

  it("cannot be repeated once somebody has shown to hold what it handed out", async () => {
    server = await startTestServer(seal);
    const first = await lost(seal);
    if (seal === "shamir") await unseal(server, first.keys.slice(0, 2));
    else await server.ok("GET", "auth/token/lookup-self", { token: first.root_token });
    await until(async () => !(await server.running.store.initUnanswered()));
    expect((await server.call("PUT", "sys/init", { body })).status).toBe(400);
    expect((await server.call("GET", "auth/token/lookup-self", { token: first.root_token })).status).toBe(200);
  });

  it("that is repeated with bad input leaves the first as it is", async () => {
    server = await startTestServer(seal);
    const first = await lost(seal);
    const bad = Object.fromEntries(Object.keys(body).map((name) => [name, 300]));
    expect((await server.call("PUT", "sys/init", { body: bad })).status).toBe(400);
    if (seal === "shamir") await unseal(server, first.keys.slice(0, 2));
    expect((await server.call("GET", "auth/token/lookup-self", { token: first.root_token })).status).toBe(200);
  });
});
