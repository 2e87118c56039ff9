// SPDX-License-Identifier: Apache-2.0
import { openStore, type Storage } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticSeal } from "@sealwright/plugin-static";
import { openFileStorage } from "@sealwright/storage/file";
import { openLmdbStorage } from "@sealwright/storage/lmdb";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { folder } from "./processes.ts";
import type { Row } from "./table.ts";

const CALLERS = 16;
const MILLISECONDS = 2_000;
const VALUE = Buffer.alloc(100, "v");
const SETTINGS = { current_key_id: "bench", current_key: "5a".repeat(32) };

/** How often a second `work` is done by callers that each do one after another. */
async function perSecond(work: (caller: number, turn: number) => Promise<unknown>): Promise<number> {
  let done = 0;
  const until = performance.now() + MILLISECONDS;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async (_, caller) => {
      for (let turn = 0; performance.now() < until; turn++) {
        await work(caller, turn);
        done++;
      }
    }),
  );
  return done / ((performance.now() - began) / 1000);
}

const name = (caller: number, turn: number): string => `bench/${caller}/${turn % 1000}`;

const homes: [type: string, open: (path: string) => Promise<Storage>][] = [
  ["memory", async () => openMemoryStorage()],
  ["lmdb", (path) => openLmdbStorage({ path })],
  ["file", (path) => openFileStorage({ path })],
];

/** Puts and gets of 100 bytes, beside the same storage without encryption. */
export async function measureBarrier(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [type, open] of homes) {
    const raw = await open(folder());
    const rawPuts = await perSecond((caller, turn) =>
      raw.write([{ op: "put", path: name(caller, turn), value: VALUE }]),
    );
    const rawGets = await perSecond((caller, turn) => raw.get(name(caller, turn)));
    await raw.close();
    const seal = { plugin: staticSeal, settings: SETTINGS };
    const store = await openStore({ storage: await open(folder()), shares: shamir, seal });
    await store.initialize({});
    await store.unseal();
    const puts = await perSecond((caller, turn) => store.put(name(caller, turn), VALUE));
    const gets = await perSecond((caller, turn) => store.get(name(caller, turn)));
    await store.close();
    const yardstick = (figure: number) => ({ what: `${type} alone`, figure });
    rows.push({ what: `put, ${type}`, figure: puts, unit: "/s", yardstick: yardstick(rawPuts) });
    rows.push({ what: `get, ${type}`, figure: gets, unit: "/s", yardstick: yardstick(rawGets) });
  }
  return rows;
}
