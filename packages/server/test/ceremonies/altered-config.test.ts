// SPDX-License-Identifier: Apache-2.0
import { afterEach, expect, it } from "vitest";
import { initialized, startTestServer, submit, type TestServer } from "./test-server.ts";

let server: TestServer;
afterEach(() => server.running.stop());

const PATH = "core/recovery-config";

it("an altered recovery configuration is reported, stops ceremonies, and a quorum restores it", async () => {
  server = await startTestServer("static");
  const { keys } = await initialized(server, "static", 5, 3);
  await server.running.store.exclusively(async ({ storage }) => {
    const text = Buffer.from((await storage.get(PATH))!)
      .toString()
      .replace('"secret_threshold":3', '"secret_threshold":2');
    await storage.write([{ op: "put", path: PATH, value: Buffer.from(text) }]);
  });
  await server.running.store.seal();
  await server.running.store.unseal();
  expect((await server.ok("GET", "sys/seal-status")).seal_config_altered).toBe(true);
  expect(server.log.join("")).toContain("is not what this server wrote");
  const rekey = await server.call("PUT", "sys/rekey-recovery-key/init", {
    body: { secret_shares: 3, secret_threshold: 2 },
  });
  expect([rekey.status, rekey.error]).toEqual([400, expect.stringContaining("somebody changed it")]);
  expect((await server.call("PUT", "sys/generate-root/attempt", { body: {} })).status).toBe(400);

  expect((await server.call("PUT", "sys/seal-config/confirm/attempt", { body: { keep: "mine" } })).status).toBe(400);
  const { nonce, required } = await server.ok("PUT", "sys/seal-config/confirm/attempt", { body: { keep: "written" } });
  expect(required).toBe(3);
  const { body } = await submit(server, "sys/seal-config/confirm/update", nonce, keys.slice(0, 3));
  expect(body).toEqual({ nonce, complete: true, keep: "written" });
  expect(await server.ok("GET", "sys/seal-status")).toMatchObject({ t: 3, n: 5 });
  expect((await server.ok("GET", "sys/seal-status")).seal_config_altered).toBeUndefined();
  await server.ok("PUT", "sys/rekey-recovery-key/init", { body: { secret_shares: 3, secret_threshold: 2 } });
});
