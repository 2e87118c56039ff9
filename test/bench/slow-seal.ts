// SPDX-License-Identifier: Apache-2.0
/** What puts and gets take while a slow seal holds a save of the keyring, beside windows without one. */
import { openStore, saveCount, sealLayer } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticSeal } from "@sealwright/plugin-static";
import type { AutoSealPlugin } from "@sealwright/seal";
import { openLmdbStorage } from "@sealwright/storage/lmdb";
import { folder } from "./processes.ts";
import type { Row } from "./table.ts";

const WINDOWS = 6;
const WINDOW_MS = 5_000;
const WARM_UP_MS = 2_000;
const LIMITS = { timeoutMilliseconds: 10 * WINDOW_MS, clock: () => performance.now() };
const CALLERS = 16;
const SETTINGS = { current_key_id: "bench", current_key: "5a".repeat(32) };
const VALUE = Buffer.alloc(100, "v");

/** The static seal, whose wraps take as long as `pace` says. */
function slowSeal(pace: { milliseconds: number }): AutoSealPlugin {
  const inner: AutoSealPlugin = staticSeal;
  return {
    ...inner,
    async open(config, env) {
      const seal = await inner.open(config, env);
      const wrap: typeof seal.wrap = async (plaintext, call) => {
        await new Promise((resolve) => setTimeout(resolve, pace.milliseconds));
        return seal.wrap(plaintext, call);
      };
      return { type: seal.type, wrap, unwrap: (blob, call) => seal.unwrap(blob, call), close: () => seal.close() };
    },
  };
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

/** p50 and p99 of a put and a get, in milliseconds, in alternating windows. */
export async function measureSlowSeal(): Promise<Row[]> {
  const pace = { milliseconds: 0 };
  const storage = await openLmdbStorage({ path: folder() });
  const seal = { plugin: slowSeal(pace), settings: SETTINGS };
  const store = await openStore({ storage, shares: shamir, seal, layer: sealLayer });
  await store.initialize({});
  await store.unseal();
  const took = { without: [] as number[], with: [] as number[] };
  const window = async (milliseconds: number, into: number[]): Promise<void> => {
    const until = performance.now() + milliseconds;
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        for (let turn = 0; performance.now() < until; turn++) {
          const began = performance.now();
          await store.put(`bench/${caller}/${turn % 1000}`, VALUE);
          await store.get(`bench/${caller}/${turn % 1000}`);
          into.push(performance.now() - began);
        }
      }),
    );
  };
  await window(WARM_UP_MS, []);
  for (let each = 0; each < WINDOWS; each++) {
    await window(WINDOW_MS, took.without);
    pace.milliseconds = WINDOW_MS;
    const save = store.exclusively((open) => saveCount(open, LIMITS));
    await window(WINDOW_MS, took.with);
    const ended = await save;
    if (ended?.outcome !== "saved") throw new Error(`the save was ${ended?.outcome ?? "not needed"}`);
    pace.milliseconds = 0;
  }
  await store.close();
  for (const values of Object.values(took)) values.sort((a, b) => a - b);
  return [0.5, 0.99].map((part) => ({
    what: `put and get, p${part * 100}, a slow save running`,
    figure: quantile(took.with, part),
    unit: "ms",
    yardstick: { what: "none running", figure: quantile(took.without, part) },
  }));
}
