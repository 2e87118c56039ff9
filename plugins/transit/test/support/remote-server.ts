// SPDX-License-Identifier: Apache-2.0
/** Our own server as the remote of a transit seal: in this process, with a key and a token that has the smallest policy. */
import { readFileSync } from "node:fs";
import { resolveConfig, type Seal, type SealEnvironment, type Stanza } from "@sealwright/seal";
import { quietEnvironment } from "@sealwright/testing";
import { at, startTestServer, type TestServer } from "../../../../packages/server/test/mounts/test-server.ts";
import { plugin } from "../../src/index.ts";

/** The policy that docs/seals/transit.md calls the smallest. */
export function documentedPolicy(): string {
  const page = readFileSync(new URL("../../../../docs/seals/transit.md", import.meta.url), "utf8");
  const policy = /<!-- policy -->\n```hcl\n([^`]+)```/.exec(page)?.[1];
  if (policy === undefined) throw new Error("docs/seals/transit.md shows no policy");
  return policy;
}

export interface RemoteServer extends TestServer {
  readonly port: number;
  /** A token with these rules and no other right. */
  tokenFor(policy: string, settings?: object): Promise<string>;
  /** A stanza that works, without renewal. */
  readonly stanza: Readonly<Record<string, string>>;
}

/** Starts a server with the key `autounseal` at `transit/`. */
export async function startRemote(): Promise<RemoteServer> {
  const server = await startTestServer();
  await server.ask("POST", "sys/mounts/transit", { body: { type: "transit" } });
  await server.ask("POST", "transit/keys/autounseal");
  let count = 0;
  const tokenFor: RemoteServer["tokenFor"] = async (policy, settings = {}) => {
    const name = `policy-${++count}`;
    await server.ask("PUT", `sys/policies/acl/${name}`, { body: { policy } });
    const body = { policies: [name], no_default_policy: true, no_parent: true, ...settings };
    return String(at(await server.ask("POST", "auth/token/create", { body }), "auth.client_token"));
  };
  const stanza = {
    address: server.url,
    token: await tokenFor(documentedPolicy(), { period: "24h" }),
    mount_path: "transit/",
    key_name: "autounseal",
    disable_renewal: "true",
  };
  return { ...server, port: Number(new URL(server.url).port), tokenFor, stanza };
}

/** A seal from a stanza, without the environment. */
export async function openSeal(stanza: Stanza, env: SealEnvironment = quietEnvironment): Promise<Seal> {
  return plugin.open(resolveConfig("transit", plugin.config, stanza, {}).config, env);
}
