// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MountTable } from "../../src/mounts/mount-table.ts";
import { MountRouter } from "../../src/mounts/router.ts";
import { at, startTestServer, type TestServer } from "./test-server.ts";

const TABLE = "sealwright/mounts";
let folder: string;
let storage: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-mounts-"));
  storage = `"lmdb" { path = ${JSON.stringify(folder)} }`;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Table {
  mounts: { uuid: string; path: string; options: object | null; upgrading: boolean }[];
  removed: string[];
}

async function editTable({ server }: TestServer, edit: (table: Table) => void): Promise<void> {
  const table = JSON.parse(String(await server.store.get(TABLE))) as Table;
  edit(table);
  await server.store.put(TABLE, Buffer.from(JSON.stringify(table)));
}

async function filled(): Promise<{ first: TestServer; uuid: string }> {
  const first = await startTestServer(storage);
  await first.ask("POST", "sys/mounts/kv", { body: { type: "kv" } });
  for (let index = 0; index < 5; index++) await first.ask("PUT", `kv/n${index}`, { body: { index } });
  return { first, uuid: String(at(await first.ask("GET", "sys/mounts/kv"), "data.uuid")) };
}

test("a removal that a kill cut short is finished when the store is unsealed again", async () => {
  const { first, uuid } = await filled();
  await editTable(first, (table) => {
    table.removed.push(uuid);
    table.mounts = [];
  });
  await first.server.stop();
  const second = await startTestServer(storage, first.rootToken);
  const { store } = second.server;
  await vi.waitFor(async () => expect(JSON.parse(String(await store.get(TABLE)))).toEqual({ mounts: [], removed: [] }));
  expect(await store.list("sealwright/data/")).toEqual([]);
  await second.server.stop();
});

test("an upgrade that a kill cut short is finished when the store is unsealed again", async () => {
  const { first } = await filled();
  await editTable(first, ({ mounts }) => {
    for (const mount of mounts) Object.assign(mount, { upgrading: true, options: { version: "2" } });
  });
  await first.server.stop();
  const second = await startTestServer(storage, first.rootToken);
  await vi.waitFor(async () => expect((await second.ask("GET", "kv/data/n4")).status).toBe(200));
  expect(at(await second.ask("GET", "kv/metadata/?list=true"), "data.keys")).toHaveLength(5);
  await second.server.stop();
});

test("a mount that is being upgraded refuses requests and says that it will be back", async () => {
  const { first } = await filled();
  await editTable(first, ({ mounts }) => {
    for (const mount of mounts) mount.upgrading = true;
  });
  const { store } = first.server;
  const router = new MountRouter(store, new MountTable(store));
  const request = {
    method: "GET",
    path: "kv/n1",
    query: new URLSearchParams(),
    text: "",
    token: undefined,
    remoteAddress: "",
    signal: new AbortController().signal,
  } as const;
  await expect(router.serve(request)).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining("will be unavailable for a brief period"),
  });
  await expect(router.exists("kv/n1")).resolves.toBe(true);
  await first.server.stop();
});

test("mounts and their data are there again after a seal and a restart", async () => {
  const { first } = await filled();
  await first.server.stop();
  const second = await startTestServer(storage, first.rootToken);
  expect(at(await second.ask("GET", "kv/n3"), "data")).toEqual({ index: 3 });
  await second.server.store.seal();
  expect((await second.ask("GET", "kv/n3")).status).toBe(503);
  expect((await second.ask("GET", "sys/internal/ui/mounts/kv")).status).toBe(503);
  await second.server.store.unseal();
  expect(at(await second.ask("GET", "kv/n3"), "data")).toEqual({ index: 3 });
  await second.server.stop();
});
