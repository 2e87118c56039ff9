// SPDX-License-Identifier: Apache-2.0
/** What OpenBao makes of a storage that has had several seals, and what is left to a seal that was removed. */
import { cp, rm } from "node:fs/promises";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeConfig } from "../e2e/config.ts";
import { filesBelow } from "../interop/fixture.ts";
import { entryIn, type Keyring, openBlob, openEntry, pathOf, termOf } from "../interop/openbao-format.ts";
import { RunningCommand, type ServerProcess, Workplace } from "../support/command.ts";
import { freePort } from "../support/free-port.ts";
import { Client, staticBlock, writeSeals } from "./support/server.ts";

const bao = process.env.BAO_BIN;
const KEYS = { one: Buffer.alloc(32, 1), two: Buffer.alloc(32, 2) };
const [ONE, TWO] = [staticBlock("one", 1), staticBlock("two", 2)];
const SEALED_ROOT_KEY = "core/hsm/barrier-unseal-keys";

let work: Workplace;
let server: ServerProcess;
let client: Client;
let token = "";

beforeEach(async () => {
  work = await Workplace.open();
  server = await work.serve([await writeSeals(work, [ONE], "file")]);
  const init = await new Client(server.url).put("sys/init", { recovery_shares: 3, recovery_threshold: 2 });
  token = String(init.body.root_token);
  client = new Client(server.url, token);
  expect(await client.put("secret/kept", { value: "here" })).toMatchObject({ status: 204 });
  await writeSeals(work, [ONE, TWO], "file");
  expect(await client.put("sys/config/reload/seals")).toMatchObject({ status: 200 });
});
afterEach(() => work.close());

const done = async (path: string, body: object): Promise<void> =>
  expect(await client.put(path, body)).toMatchObject({ status: 204 });

/** The entries of the storage as they stand in its files. */
async function entries(folder = "data"): Promise<ReadonlyMap<string, Buffer>> {
  const files = await filesBelow(work.path(folder));
  return new Map([...files].map(([file, text]) => [pathOf(file), entryIn(text)]));
}

function entryAt(all: ReadonlyMap<string, Buffer>, path: string): Buffer {
  const entry = all.get(path);
  if (entry === undefined) throw new Error(`there is no ${path}`);
  return entry;
}

/** The root key as OpenBao reads it with the static seal's key. */
function rootKeyIn(all: ReadonlyMap<string, Buffer>, key: Buffer): Buffer {
  const [text = ""] = JSON.parse(openBlob(key, entryAt(all, SEALED_ROOT_KEY)).toString("utf8")) as string[];
  return Buffer.from(text, "base64");
}

function keyringIn(all: ReadonlyMap<string, Buffer>, rootKey: Buffer): Keyring {
  return JSON.parse(openEntry(rootKey, "core/keyring", entryAt(all, "core/keyring")).toString("utf8")) as Keyring;
}

/** Stops the server and takes the seals' layer off, as docs tell who goes to OpenBao. */
async function unwrap(): Promise<ReadonlyMap<string, Buffer>> {
  expect((await server.stop()).code).toBe(0);
  expect(await work.run(["storage", "unwrap", "-config=server.hcl"])).toMatchObject({ code: 0 });
  return entries();
}

describe("the first seal's root key", () => {
  test("is one that OpenBao opens while there are several seals, before and after a new one", async () => {
    await done("sys/seals/add", { name: "two", accept_weaker: true });
    const before = rootKeyIn(await entries(), KEYS.one);
    expect(before).toHaveLength(32);
    await done("sys/rotate/root", {});
    const after = rootKeyIn(await entries(), KEYS.one);
    expect(after.equals(before)).toBe(false);
    const all = await unwrap();
    expect(keyringIn(all, rootKeyIn(all, KEYS.one)).MasterKey).toBe(after.toString("base64"));
  });

  test("is under the new seal's key after a migration, and under the old one's after it was undone", async () => {
    const before = rootKeyIn(await entries(), KEYS.one);
    await done("sys/seals/migrate", { to: "two", accept_weaker: true });
    const migrated = await entries();
    expect(rootKeyIn(migrated, KEYS.two).equals(before)).toBe(true);
    expect(() => rootKeyIn(migrated, KEYS.one)).toThrow();
    await done("sys/seals/migrate/undo", { force: true });
    expect(rootKeyIn(await entries(), KEYS.one).equals(before)).toBe(true);
  });
});

describe("a seal that was removed", () => {
  test("has a copy of its blob that no longer opens the present root key or keyring, and opens the old backup", async () => {
    await done("sys/seals/migrate", { to: "two", accept_weaker: true });
    await done("sys/seals/migrate/undo", { force: true });
    await cp(work.path("data"), work.path("backup"), { recursive: true });
    const backup = await entries("backup");
    const old = rootKeyIn(backup, KEYS.one);
    await done("sys/seals/migrate/finish", { force: true });
    await done("sys/seals/migrate", { to: "two", accept_weaker: true });
    await done("sys/seals/migrate/finish", { force: true });
    const all = await unwrap();
    const present = rootKeyIn(all, KEYS.two);
    expect(present.equals(old)).toBe(false);
    expect(() => keyringIn(all, old)).toThrow();
    expect([...all.keys()].filter((path) => path.startsWith("sealwright/seals/"))).toEqual([]);
    expect(Math.max(...keyringIn(all, present).Keys.map(({ Term }) => Term))).toBeGreaterThan(1);
    // What docs/security-model.md says of old backups: whoever has one and the old seal has its root key.
    expect(old).toHaveLength(32);
  });
});

describe("a directory that was migrated to another seal, finished and unwrapped", () => {
  let migrated: ReadonlyMap<string, Buffer>;
  beforeEach(async () => {
    await done("sys/seals/migrate", { to: "two", accept_weaker: true });
    await done("sys/seals/migrate/finish", { force: true });
    migrated = await unwrap();
  });

  test("is in the form that OpenBao reads with the new seal alone", () => {
    const rootKey = rootKeyIn(migrated, KEYS.two);
    const keyring = keyringIn(migrated, rootKey);
    expect(keyring.MasterKey).toBe(rootKey.toString("base64"));
    expect(JSON.parse(entryAt(migrated, "core/seal-config").toString("utf8"))).toMatchObject({ type: "static" });
    const read = (path: string): Buffer => {
      const entry = entryAt(migrated, path);
      const key = keyring.Keys.find(({ Term }) => Term === termOf(entry));
      return openEntry(Buffer.from(key?.Value ?? "", "base64"), path, entry);
    };
    expect(JSON.parse(read("core/root-key").toString("utf8"))).toMatchObject({ Value: keyring.MasterKey });
    expect(openBlob(KEYS.two, entryAt(migrated, "core/recovery-key"))).toHaveLength(32);
    const values = [...migrated.keys()].filter((path) => path.endsWith("/kept"));
    expect(values.map((path) => JSON.parse(read(path).toString("utf8")) as object)).toEqual([{ value: "here" }]);
  });

  test.skipIf(bao === undefined)("opens in OpenBao", async () => {
    await rm(work.path("data/.sealwright"), { recursive: true, force: true });
    const port = await freePort();
    // Names and priorities are ours.
    const settings = `  current_key = "${KEYS.two.toString("hex")}"\n  current_key_id = "two"\n`;
    await writeConfig(work, { storage: "file", seal: `seal "static" {\n${settings}}\n`, port });
    const peer = new RunningCommand(["server", "-config=server.hcl"], { cwd: work.folder, program: bao ?? "" });
    try {
      await peer.until(/server started!/);
      const opened = new Client(`http://127.0.0.1:${port}`, token);
      await expect.poll(async () => (await opened.get("sys/seal-status")).body.sealed, { timeout: 15_000 }).toBe(false);
      expect(await opened.get("secret/kept")).toMatchObject({ status: 200, body: { data: { value: "here" } } });
    } finally {
      peer.child.kill("SIGTERM");
      await peer.finished;
    }
  });
});

afterAll(() => {
  if (bao === undefined)
    process.stderr.write("SKIPPED: BAO_BIN is not set: OpenBao does not open a migrated directory\n");
});
