// SPDX-License-Identifier: Apache-2.0
/**
 * A server that is left alone: it counts, goes on counting over restarts, and replaces its data key in time. What a slow
 * HSM around the keyring does to that is in slow-hsm.test.ts.
 */
import { partMissing } from "@sealwright/testing/parts";
import { afterEach, describe, expect, test } from "vitest";
import { alterKey, type KeyFields } from "./walkthrough/alter-key.ts";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { rows } from "./walkthrough/tables.ts";

let stage: Stage;
afterEach(() => stage.close());

const PUTS = 20;
/** The default of `max_operations`. */
const MAX_OPERATIONS = 3_865_470_566n;
const HOUR_MS = 3_600_000;
/** Looks at the key all the time rather than every five minutes. */
const OFTEN = { shares: 1, threshold: 1, lines: 'encryption_count_persist_interval = "100ms"\n' };

interface Gauge {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Value: number;
}

async function metric(kind: "Gauges" | "Counters", name: string): Promise<readonly (Gauge & { Sum: number })[]> {
  const { body } = await stage.http("GET", "sys/metrics", undefined, stage.rootToken);
  return (body[kind] as (Gauge & { Sum: number })[]).filter(({ Name }) => Name === name);
}

async function estimated(): Promise<{ readonly term: string | undefined; readonly count: number | undefined }> {
  const [gauge] = await metric("Gauges", "vault.barrier.estimated_encryptions");
  return { term: gauge?.Labels.term, count: gauge?.Value };
}

async function rotations(): Promise<number | undefined> {
  return (await metric("Counters", "vault.barrier.auto_rotation"))[0]?.Sum;
}

async function keyStatus(): Promise<Readonly<Record<string, string>>> {
  return rows(await stage.shell.ok("sealwright operator key-status"));
}

async function putAll(): Promise<void> {
  for (let each = 0; each < PUTS; each++) {
    const put = await stage.http("PUT", `secret/${each}`, { value: String(each) }, stage.rootToken);
    expect(put.status).toBe(204);
  }
}

async function expectAllReadable(): Promise<void> {
  for (let each = 0; each < PUTS; each++) {
    const read = await stage.http("GET", `secret/${each}`, undefined, stage.rootToken);
    expect(read.body).toMatchObject({ data: { value: String(each) } });
  }
}

/** Stops the server, alters its data key, and starts and unseals it. */
async function restartWith(fields: KeyFields): Promise<void> {
  const [share = ""] = stage.keys;
  await stage.restart("SIGTERM", () => alterKey(stage.work.path("data"), share, fields));
  await stage.unseal(stage.keys);
}

describe.each(SEALS)("a server left alone on a %s seal", (seal) => {
  test.skipIf(seal === "softhsm" && partMissing("SoftHSM"))(
    "tells how many encryptions there were, counts every put, and goes on over a stop and a kill",
    async () => {
      stage = await Stage.open(seal, { shares: 1, threshold: 1 });
      const before = await estimated();
      await putAll();
      const after = await estimated();
      expect(after).toEqual({ term: "1", count: (before.count ?? Number.NaN) + PUTS });
      expect(await keyStatus()).toMatchObject({ "Key Term": "1", "Encryption Count": String(after.count) });
      await stage.restart();
      await stage.unseal(stage.keys);
      expect(await estimated()).toEqual(after);
      await stage.restart("SIGKILL");
      await stage.unseal(stage.keys);
      const killed = (await estimated()).count ?? Number.NaN;
      expect(killed).toBeGreaterThanOrEqual(after.count ?? Number.NaN);
      expect(killed).toBeLessThanOrEqual((after.count ?? Number.NaN) + Number(MAX_OPERATIONS / 256n));
      await expectAllReadable();
    },
    40_000,
  );
});

describe("a server that only takes writes", () => {
  test("replaces its data key before 2^32, once, and what was written before stays readable", async () => {
    stage = await Stage.open("shamir", OFTEN);
    await restartWith({ encryptions: MAX_OPERATIONS - BigInt(PUTS) });
    expect(Number(await estimated().then(({ count }) => count))).toBeLessThan(Number(MAX_OPERATIONS));
    await putAll();
    await stage.server.command.until(/the data key was replaced: reason=operations term=2/);
    expect(await keyStatus()).toMatchObject({ "Key Term": "2" });
    await putAll();
    const { term, count } = await estimated();
    expect(term).toBe("2");
    expect(count).toBeLessThan(3 * PUTS);
    expect(await rotations()).toBe(1);
    await expectAllReadable();
  }, 30_000);

  test("replaces it at the number that sys/rotate/config was given", async () => {
    stage = await Stage.open("shamir", OFTEN);
    await stage.shell.ok("sealwright write sys/rotate/config max_operations=2000000");
    await restartWith({ encryptions: 2_000_000n - BigInt(PUTS) / 2n });
    await putAll();
    await stage.server.command.until(/the data key was replaced: reason=operations term=2/);
    expect(await rotations()).toBe(1);
  }, 30_000);

  test("replaces it at the interval that sys/rotate/config was given, also where it was stopped at that time", async () => {
    stage = await Stage.open("shamir", OFTEN);
    await stage.shell.ok("sealwright write sys/rotate/config interval=24h");
    await restartWith({ InstallTime: new Date(Date.now() - 23 * HOUR_MS).toISOString() });
    await putAll();
    expect(await keyStatus()).toMatchObject({ "Key Term": "1" });
    await restartWith({ InstallTime: new Date(Date.now() - 25 * HOUR_MS).toISOString() });
    await stage.server.command.until(/the data key was replaced: reason=interval term=2/);
    await putAll();
    expect(await rotations()).toBe(1);
    await expectAllReadable();
  }, 30_000);

  test("replaces a key of more than a year that has no count, and leaves it where rotation is switched off", async () => {
    stage = await Stage.open("shamir", { shares: 1, threshold: 1 });
    const old = { InstallTime: new Date(Date.now() - 366 * 24 * HOUR_MS).toISOString(), encryptions: 0n };
    await stage.shell.ok("sealwright write sys/rotate/config enabled=false");
    await restartWith(old);
    await putAll();
    expect(await keyStatus()).toMatchObject({ "Key Term": "1" });
    await stage.shell.ok("sealwright write sys/rotate/config enabled=true");
    await restartWith(old);
    await stage.server.command.until(/the data key was replaced: reason=age term=2/);
    await expectAllReadable();
  }, 30_000);
});
