// SPDX-License-Identifier: Apache-2.0
/** A process that is killed while it writes: what the next one counts from. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { configureRotation, SealedStore, soleSeal } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { afterEach, expect, it } from "vitest";
import { openHome } from "../support/homes.ts";
import { openStaticSeal } from "../support/seals.ts";

const WRITER = fileURLToPath(new URL("../support/killed-writer.ts", import.meta.url));
const BLOCK = 1_000_000n / 256n;
/** Puts that were under way and told nothing yet, one per caller, and ceilings. */
const UNTOLD = 40n;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function open(type: string, path: string): Promise<SealedStore> {
  const store = new SealedStore({
    storage: await openHome(type, path),
    shares: shamir,
    seals: soleSeal(await openStaticSeal()),
  });
  if (!(await store.status()).initialized) await store.initialize({});
  await store.unseal();
  return store;
}

/** Lets a writer work until it has told `tellings` counts, kills it, and answers the last count it told. */
async function killAfter(tellings: number, type: string, path: string): Promise<bigint> {
  const child: ChildProcess = spawn(process.execPath, ["--conditions=source", WRITER, type, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let last = 0n;
  let told = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    last = BigInt(line);
    if (++told === tellings) child.kill("SIGKILL");
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  return last;
}

it.each(["lmdb", "file"])(
  "on %s: the count is not below what was done, above it by a block at most, and a clean stop adds nothing",
  async (type) => {
    const path = mkdtempSync(join(tmpdir(), "sealwright-kill-"));
    folders.push(path);
    const first = await open(type, path);
    await configureRotation(first, { maxOperations: 1_000_000n });
    await first.close();
    for (const tellings of [1, 700, 2_300]) {
      const last = await killAfter(tellings, type, path);
      const store = await open(type, path);
      const { encryptions } = store.barrier;
      expect(encryptions).toBeGreaterThanOrEqual(last);
      expect(encryptions).toBeLessThanOrEqual(last + BLOCK + UNTOLD);
      await store.put("after", Buffer.from("value"));
      await store.close();
      const again = await open(type, path);
      expect(again.barrier.encryptions).toBe(encryptions + 1n);
      await again.close();
    }
  },
  120_000,
);
