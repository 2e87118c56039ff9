// SPDX-License-Identifier: Apache-2.0
/** A server with a transit mount for a test file, and what tests read off its answers. */
import { type Answer, at, startTestServer, type TestServer } from "../mounts/test-server.ts";

export interface TransitServer extends TestServer {
  /** A POST below `transit/`. */
  post(path: string, body?: unknown, token?: string): Promise<Answer>;
  /** A token with exactly this policy. */
  tokenFor(rules: string): Promise<string>;
}

export async function startTransitServer(): Promise<TransitServer> {
  const server = await startTestServer();
  await server.ask("POST", "sys/mounts/transit", { body: { type: "transit" } });
  let policies = 0;
  return {
    ...server,
    post: (path, body = {}, token = server.rootToken) => server.ask("POST", `transit/${path}`, { body, token }),
    async tokenFor(policy) {
      const name = `test-${++policies}`;
      await server.ask("PUT", `sys/policies/acl/${name}`, { body: { policy } });
      const body = { policies: [name], no_default_policy: true };
      return String(at(await server.ask("POST", "auth/token/create", { body }), "auth.client_token"));
    },
  };
}

/** The sentence of a refusal. */
export function errorOf(answer: Answer): unknown {
  return at(answer, "errors.0");
}

export const base64 = (text: string): string => Buffer.from(text).toString("base64");
