// SPDX-License-Identifier: Apache-2.0
/** Whatever is damaged in the storage, the server starts, stays sealed where it must, and says why. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialized, type SealKind, startTestServer, type TestServer } from "../ceremonies/test-server.ts";

let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealwright-damaged-"));
});

afterEach(async () => {
  await server?.running.stop();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A server on data that was initialised and then damaged by `damage`; an auto seal has tried once to open it. */
async function startOn(seal: SealKind, damage: () => Promise<void>) {
  const first = await startTestServer(seal, folder);
  const holders = await initialized(first, seal);
  await first.running.stop();
  await damage();
  server = await startTestServer(seal, folder);
  const { unsealer, store } = server.running;
  if (store.autoSealed) {
    const running = unsealer.run();
    await expect.poll(() => unsealer.failure !== undefined || !server?.running.store.sealed).toBe(true);
    unsealer.stop();
    await running;
  }
  return { server, holders };
}

const overwrite = (path: string, text: string) => () => writeFile(join(folder, path), text);
const NONSENSE = `{"Value":"${Buffer.from("{").toString("base64")}"}\n`;

describe.each<[what: string, code: string, damage: () => Promise<void>]>([
  ["core/seal-config is damaged", "ENTRY_CORRUPT", () => overwrite("core/_seal-config", NONSENSE)()],
  ["core/seal-config is missing", "STORAGE_INCOMPLETE", () => rm(join(folder, "core/_seal-config"))],
  ["core/keyring is missing", "STORAGE_INCOMPLETE", () => rm(join(folder, "core/_keyring"))],
])("where %s", (what, code, damage) => {
  const named = what.split(" ")[0];

  it.each<SealKind>(["static", "shamir"])(
    "a server under a %s seal starts, stays sealed and says why",
    async (seal) => {
      const { server, holders } = await startOn(seal, damage);
      const status = await server.call("GET", "sys/seal-status");
      expect(status).toMatchObject({
        status: 200,
        body: {
          sealed: true,
          initialized: true,
          unseal_error_code: code,
          unseal_error: expect.stringContaining(named!),
        },
      });
      const health = await server.call("GET", "sys/health");
      expect(health).toMatchObject({ status: 503, body: { unseal_error: expect.stringContaining(named!) } });
      expect(server.log.join("")).toMatch(new RegExp(`sealed: .*${named}`));
      const init = { body: { secret_shares: 1, secret_threshold: 1 } };
      expect(await server.call("PUT", "sys/init", init)).toMatchObject({ status: 500 });
      const share = await server.call("PUT", "sys/unseal", { body: { key: holders.keys[0] } });
      expect(share).toMatchObject({ status: 500, error: expect.stringContaining(named!) });
    },
  );
});

describe("where core/recovery-config is damaged", () => {
  it("an auto seal opens the store all the same, and the damage is shown and logged", async () => {
    const { server } = await startOn("static", overwrite("core/_recovery-config", NONSENSE));
    const status = await server.call("GET", "sys/seal-status");
    expect(status).toMatchObject({ status: 200, body: { sealed: false, seal_config_altered: true } });
    expect(status.body).not.toHaveProperty("unseal_error");
    expect(await server.call("GET", "sys/health")).toMatchObject({ status: 200 });
    await expect.poll(() => server.log.join("")).toMatch(/ERROR.*core\/recovery-config/);
  });

  it("no ceremony by recovery shares begins", async () => {
    const { server, holders } = await startOn("static", overwrite("core/_recovery-config", NONSENSE));
    const start = { body: { secret_shares: 1, secret_threshold: 1 }, token: holders.root };
    expect((await server.call("PUT", "sys/rekey-recovery-key/init", start)).status).toBe(500);
  });
});
