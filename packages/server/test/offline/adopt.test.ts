// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  adopt as adoptOpen,
  type Change,
  closeAlone,
  openAlone,
  type Storage,
  StorageError,
  soleSeal,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openFileStorage } from "@sealwright/storage/file";
import { describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../src/config/index.ts";
import type { Method } from "../../src/http/api.ts";
import { problem, toHttpError } from "../../src/http/problem.ts";
import { adoptStorage } from "../../src/offline/adopt-storage.ts";
import { withOfflineStore } from "../../src/offline/with-offline-store.ts";
import { createLog } from "../../src/runtime/log.ts";
import { openStorage } from "../../src/runtime/open-storage.ts";
import { type RunningServer, startServer } from "../../src/runtime/server.ts";
import { openSeal } from "../../src/seals/open-seal.ts";
import { sealRegistry } from "../../src/seals/registry.ts";
import { linesIn, notesIn } from "../audit/support/folder.ts";
import { copyOf, type Fixture, filesIn, type Kind, optionsFor } from "./support.ts";

const KINDS: readonly Kind[] = ["shamir", "static"];
const THRESHOLD = 2;

const quiet = createLog({ level: "off", format: "standard", write: () => undefined });

function adopt(fixture: Fixture, shares: readonly string[] = fixture.shares.slice(0, THRESHOLD)) {
  return adoptStorage(optionsFor(fixture, shares));
}

async function serving(fixture: Fixture, work: (server: RunningServer) => Promise<void>): Promise<void> {
  const server = await startServer(loadConfig([fixture.config], {}).config, {}, quiet);
  try {
    if (server.store.autoSealed) await server.store.unseal();
    else for (const share of fixture.shares) await server.store.submitShare(Buffer.from(share, "hex"));
    await work(server);
  } finally {
    await server.stop();
  }
}

async function call(server: RunningServer, method: Method, path: string, token: string, body?: object) {
  const request = {
    ...{ method, path, token, query: new URLSearchParams(), remoteAddress: "" },
    text: body === undefined ? "" : JSON.stringify(body),
    signal: new AbortController().signal,
  };
  const { status, json } = await server.dispatch(request).catch((error: unknown) => problem(toHttpError(error)));
  return { status, body: (json === undefined ? {} : JSON.parse(json)) as { data?: { data?: object } } };
}

/** The storage of a fixture unlocked, for the core's own function. */
async function opened({ config, data, shares: texts }: Fixture, kind: Kind) {
  const shares = texts.slice(0, THRESHOLD).map((text) => Buffer.from(text, "hex"));
  const storage = await openFileStorage({ path: data });
  const [block] = loadConfig([config], {}).config.seal;
  if (block === undefined) throw new Error("the fixture has no seal");
  const { seal } = await openSeal(block, { registry: sealRegistry([]), env: {}, log: () => undefined });
  expect(seal?.type ?? "shamir").toBe(kind);
  const by = seal === undefined ? { seals: [], unsealShares: shares } : { seals: soleSeal(seal) };
  const open = await openAlone({ storage, plugin: shamir, ...by });
  const close = async (): Promise<void> => {
    await closeAlone(open);
    await seal?.close();
    await storage.close();
  };
  return { open, shares, close };
}

/** The files of the data folder that are entries of the storage, ours and not ours. */
function entries({ data }: Fixture) {
  const all = Object.entries(filesIn(data)).filter(([name]) => !name.startsWith(".") && !/lock|journal/.test(name));
  return {
    ours: Object.fromEntries(all.filter(([name]) => name.startsWith("sealwright/"))),
    theirs: Object.fromEntries(all.filter(([name]) => !name.startsWith("sealwright/"))),
  };
}

describe.each(KINDS)("adopting a %s storage of OpenBao", (kind) => {
  it("adds entries below sealwright/ and leaves every other byte for byte", async () => {
    const fixture = copyOf(kind);
    const before = entries(fixture);
    expect(before.ours).toEqual({});
    const { rootToken, paths } = await adopt(fixture);
    const after = entries(fixture);
    expect(after.theirs).toEqual(before.theirs);
    expect(Object.keys(after.ours)).toHaveLength(paths.length);
    expect(paths.every((path) => path.startsWith("sealwright/"))).toBe(true);
    expect(rootToken).toMatch(/^s\./);
  });

  it("gives a token with which a server serves the storage, and writes", async () => {
    const fixture = copyOf(kind);
    const { rootToken } = await adopt(fixture);
    await serving(fixture, async (server) => {
      expect((await server.store.status()).foreign).toBe(false);
      expect(await call(server, "GET", "auth/token/lookup-self", rootToken)).toMatchObject({ status: 200 });
      expect((await call(server, "PUT", "sys/mounts/kv", rootToken, { type: "kv" })).status).toBe(204);
      expect((await call(server, "PUT", "kv/a", rootToken, { b: "c" })).status).toBe(204);
      expect((await call(server, "GET", "kv/a", rootToken)).body.data).toEqual({ b: "c" });
      expect((await call(server, "PUT", "sys/rotate", rootToken, {})).status).toBe(204);
    });
  });

  it("does not serve OpenBao's own tokens", async () => {
    const fixture = copyOf(kind);
    const { root_token: theirs } = JSON.parse(readFileSync(join(fixture.folder, "init.json"), "utf8")) as {
      root_token: string;
    };
    await adopt(fixture);
    await serving(fixture, async (server) => {
      expect((await call(server, "GET", "auth/token/lookup-self", theirs)).status).toBe(403);
    });
  });

  it("asks for as many shares as the threshold says, by their right name", async () => {
    const fixture = copyOf(kind);
    const options = optionsFor(fixture, fixture.shares);
    await adoptStorage(options);
    const asked = kind === "shamir" ? "unseal" : "recovery";
    expect(options.asked).toEqual([0, 1].map((given) => ({ kind: asked, given, threshold: THRESHOLD })));
  });

  it.each([
    ["wrong shares", (shares: readonly string[]) => [shares[0]!, `${"42".repeat(32)}07`], "WRONG_SHARES"],
    ["the same share twice", (shares: readonly string[]) => [shares[0]!, shares[0]!], "INVALID_SHARE"],
    ["a share that is too short", (shares: readonly string[]) => [shares[0]!.slice(2)], "INVALID_SHARE"],
    ["a share that is no share", () => ["hello world!"], "INVALID_SHARE"],
  ])("refuses %s and writes nothing", async (_what, given, code) => {
    const fixture = copyOf(kind);
    const before = entries(fixture);
    await expect(adopt(fixture, given(fixture.shares))).rejects.toMatchObject({ code });
    expect(entries(fixture)).toEqual(before);
  });

  it("refuses shares that a rekey has replaced and writes nothing", async () => {
    const fixture = copyOf(kind);
    const before = entries(fixture);
    await expect(adopt(fixture, fixture.oldShares)).rejects.toMatchObject({ code: "WRONG_SHARES" });
    expect(entries(fixture)).toEqual(before);
  });

  it("refuses too few shares and writes nothing", async () => {
    const fixture = copyOf(kind);
    const before = entries(fixture);
    await expect(adopt(fixture, fixture.shares.slice(0, 1))).rejects.toThrow("no more shares");
    expect(entries(fixture)).toEqual(before);
  });

  it("is refused the second time, before a share is asked for, and makes no other token", async () => {
    const fixture = copyOf(kind);
    await adopt(fixture);
    const before = entries(fixture);
    const options = optionsFor(fixture, fixture.shares);
    await expect(adoptStorage(options)).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: "this storage is Sealwright's own already: there is nothing to adopt",
    });
    expect(options.asked).toEqual([]);
    expect(entries(fixture)).toEqual(before);
  });

  it("is refused while another process holds the storage, and leaves no line in the file that it writes to", async () => {
    const fixture = copyOf(kind);
    const held = await openStorage(loadConfig([fixture.config], {}).config.storage);
    await expect(adopt(fixture)).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
    await held.close();
    expect(() => readFileSync(fixture.audit)).toThrow("ENOENT");
  });

  it("is refused where nothing is initialised", async () => {
    const fixture = copyOf(kind);
    rmSync(join(fixture.data, "core"), { recursive: true });
    await expect(adopt(fixture)).rejects.toMatchObject({ code: "NOT_INITIALIZED" });
  });

  it("is one batch of entries below sealwright/, and nothing where that is not written", async () => {
    const fixture = copyOf(kind);
    const before = entries(fixture);
    const { open, shares, close } = await opened(fixture, kind);
    const batches: (readonly Change[])[] = [];
    const refusing: Storage = {
      ...{ type: open.storage.type, close: () => open.storage.close() },
      get: (path) => open.storage.get(path),
      list: (prefix) => open.storage.list(prefix),
      async write(batch) {
        batches.push(batch);
        throw new StorageError("STORAGE_FAILED", "the disk is full");
      },
    };
    const table = { op: "put", path: "sealwright/table", value: Buffer.from("x") } as const;
    await expect(adoptOpen({ ...open, storage: refusing }, shares, [table])).rejects.toMatchObject({
      code: "STORAGE_FAILED",
    });
    await expect(adoptOpen(open, shares, [{ ...table, path: "core/mounts" }])).rejects.toMatchObject({
      code: "INVALID_REQUEST",
    });
    await close();
    expect(batches).toHaveLength(1);
    expect(batches.flat().map(({ path }) => path)).toEqual(
      expect.arrayContaining(["sealwright/core/seal-configs", "sealwright/table", "sealwright/core/encryption-count"]),
    );
    expect(batches.flat().every(({ path }) => path.startsWith("sealwright/"))).toBe(true);
    expect(entries(fixture)).toEqual(before);
    expect((await adopt(fixture)).rootToken).toMatch(/^s\./);
  });

  it("is audited: who, when, how many entries, and no secret", async () => {
    const fixture = copyOf(kind);
    const { rootToken } = await adopt(fixture);
    const lines = linesIn(fixture.audit);
    expect(lines.map(({ type, request }) => [type, request?.path])).toEqual([
      ["request", "storage/adopt"],
      ["note", undefined],
      ["response", "storage/adopt"],
    ]);
    expect(lines[0]?.auth?.display_name).toMatch(/uid \d+/);
    const text = readFileSync(fixture.audit, "utf8");
    for (const secret of [rootToken, ...fixture.shares]) expect(text).not.toContain(secret);
    await serving(fixture, async () => {
      await vi.waitFor(() => expect(notesIn(fixture.audit).at(-1)).toMatchObject({ name: "unsealed", anchored: true }));
      expect(notesIn(fixture.audit).at(-1)?.finding).toBeUndefined();
    });
  });
});

describe("other offline commands", () => {
  it("are audited with what they showed, in the file of their configuration", async () => {
    const fixture = copyOf("static");
    await withOfflineStore(optionsFor(fixture, []), { operation: "read", path: "storage/get" }, async (store) => {
      expect(await store.read("core/keyring")).toBeDefined();
      expect(await store.read("a/token/in/the/wrong/place")).toBeUndefined();
    });
    expect(linesIn(fixture.audit).at(-1)).toMatchObject({
      type: "response",
      request: { operation: "read", path: "storage/get" },
      response: { data: { paths: ["core/keyring"] } },
    });
    expect(readFileSync(fixture.audit, "utf8")).not.toContain("wrong/place");
  });

  it("are audited where they fail", async () => {
    const fixture = copyOf("shamir");
    const wrong = [fixture.shares[0]!, `${"42".repeat(32)}07`];
    const command = { operation: "list", path: "storage/list" } as const;
    await expect(withOfflineStore(optionsFor(fixture, wrong), command, async () => {})).rejects.toMatchObject({
      code: "WRONG_SHARES",
    });
    expect(linesIn(fixture.audit).at(-1)?.error).toContain("these shares do not open the storage");
  });

  it("are refused where they cannot be audited", async () => {
    const fixture = copyOf("static");
    mkdirSync(fixture.audit);
    const command = { operation: "list", path: "storage/list" } as const;
    await expect(withOfflineStore(optionsFor(fixture, []), command, async () => {})).rejects.toMatchObject({
      name: "AuditError",
    });
  });

  it("leave a foreign storage foreign after a rotation", async () => {
    const fixture = copyOf("static");
    const command = { operation: "update", path: "storage/rotate" } as const;
    const { term } = await withOfflineStore(optionsFor(fixture, []), command, (store) => store.rotate());
    expect(term).toBeGreaterThan(1);
    expect(entries(fixture).ours).toEqual({});
    expect((await adopt(fixture)).rootToken).toMatch(/^s\./);
  });
});
