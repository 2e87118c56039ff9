// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { type DevOptions, devConfig, devRun } from "../../src/runtime/dev.ts";
import { createLog } from "../../src/runtime/log.ts";
import { type RunningServer, startServer } from "../../src/runtime/server.ts";

const log = createLog({ level: "off", format: "json", write: () => undefined });
const open: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()));
});

async function start(options: DevOptions): Promise<RunningServer> {
  const server = await startServer(devConfig({ listenAddress: "127.0.0.1:0", ...options }, {}), {}, log);
  open.push(server);
  return server;
}

const get = (server: RunningServer, path: string, token: string) =>
  fetch(`${server.urls[0]}/v1/${path}`, { headers: { "X-Vault-Token": token } });

describe("a server with -dev", () => {
  test("is unsealed, prints its address and a root token that works, and has version 2 at secret/", async () => {
    const server = await start({});
    const shown = await devRun(server, {});
    expect(shown).toContain(`export VAULT_ADDR=${server.urls[0]}`);
    const token = /Root Token: (\S+)/.exec(shown)?.[1] ?? "";
    const mounts = (await (await get(server, "sys/mounts", token)).json()) as Record<string, unknown>;
    expect(mounts["secret/"]).toMatchObject({ type: "kv", options: { version: "2" } });
  });

  test("takes the root token that it is given", async () => {
    const server = await start({});
    expect(await devRun(server, { rootTokenId: "root" })).toContain("Root Token: root\n");
    expect((await get(server, "auth/token/lookup-self", "root")).status).toBe(200);
  });

  test.each(["a.b", "s.x", "b.x", "a b"])("says in one sentence why %j cannot be a root token", async (rootTokenId) => {
    const server = await start({});
    await expect(devRun(server, { rootTokenId })).rejects.toMatchObject({
      name: "StartupError",
      message: expect.stringContaining("-dev-root-token-id was refused") as string,
    });
  });

  test.each(["nowhere", "127.0.0.1", "127.0.0.1:99999", '127.0.0.1:1"\nui = true'])(
    "refuses %j as the address to listen on",
    (listenAddress) => {
      expect(() => devConfig({ listenAddress }, {})).toThrow(/address: expected/);
    },
  );
});
