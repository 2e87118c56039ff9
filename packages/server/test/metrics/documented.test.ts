// SPDX-License-Identifier: Apache-2.0
/** What docs/operations/encryption-count.md says of the count and of metrics, held against a server. */
import { readFileSync } from "node:fs";
import { SealedStore, StorageError } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Measurements } from "../../src/metrics/measurements.ts";
import { Prometheus } from "../../src/metrics/prometheus.ts";
import { StoreMetrics } from "../../src/metrics/store-metrics.ts";
import { createLog } from "../../src/runtime/log.ts";
import { startTestServer, type TestServer } from "../tokens/test-server.ts";

const page = readFileSync(new URL("../../../../docs/operations/encryption-count.md", import.meta.url), "utf8");

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** What the page sets side by side. */
interface Account {
  readonly count: number;
  /** `vault.barrier.put` and `vault.token.creation{token_type="batch"}`. */
  readonly puts: number;
  readonly batchTokens: number;
  /** `sealwright_encryptions_total` by its purpose. */
  readonly items: Readonly<Record<string, number>>;
}

interface Entry {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Value: number;
  readonly Count: number;
}

async function account({ call }: TestServer): Promise<Account> {
  const { body } = await call("GET", "sys/metrics");
  const { Gauges, Counters, Samples } = body as unknown as Record<"Gauges" | "Counters" | "Samples", Entry[]>;
  const items = Counters.filter(({ Name }) => Name === "sealwright.encryptions_total");
  return {
    count: Gauges.find(({ Name }) => Name === "vault.barrier.estimated_encryptions")?.Value ?? Number.NaN,
    puts: Samples.find(({ Name }) => Name === "vault.barrier.put")?.Count ?? Number.NaN,
    batchTokens: Counters.find(({ Labels }) => Labels.token_type === "batch")?.Count ?? 0,
    items: Object.fromEntries(items.map(({ Labels, Count }) => [Labels.purpose ?? "", Count])),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}

/** Everything that encrypts, `times` times. */
async function live({ call, token }: TestServer, times: number): Promise<void> {
  for (let each = 0; each < times; each++) {
    await call("PUT", `secret/${each}`, { body: { a: "b" } });
    await call("DELETE", `secret/${each}`);
    await token({ type: "batch", policies: ["default"] });
    await token({ policies: ["default"] });
    expect((await call("POST", "sys/rotate/root")).status).toBeLessThan(300);
    expect((await call("PUT", "sys/rotate/config", { body: { max_operations: 1_000_000 + each } })).status).toBe(204);
  }
}

describe("the items on the page", () => {
  it("are those that the server tells apart", async () => {
    server = await startTestServer();
    const named = [...page.matchAll(/\{purpose="(\w+)"\}/g)].map(([, purpose]) => purpose);
    expect(named.toSorted()).toEqual(Object.keys((await account(server)).items).toSorted());
  });

  it("add up to the count, which is never below puts and batch tokens", async () => {
    server = await startTestServer();
    const start = await account(server);
    expect(start.count).toBeGreaterThanOrEqual(start.puts + start.batchTokens);
    await live(server, 10);
    const end = await account(server);
    expect(end.count).toBeGreaterThanOrEqual(end.puts + end.batchTokens);
    expect(end.count - start.count).toBe(sum(Object.values(end.items)) - sum(Object.values(start.items)));
    expect((end.items.put ?? 0) - (start.items.put ?? 0)).toBe(end.puts - start.puts);
    expect((end.items.token ?? 0) - (start.items.token ?? 0)).toBe(10);
    // What is over: root keys for standbys and what goes with them, and ceilings.
    const over = (of: Account): number => (of.items.keyring ?? 0) + (of.items.ceiling ?? 0);
    const difference = (of: Account): number => of.count - of.puts - of.batchTokens;
    expect(difference(end) - difference(start)).toBe(over(end) - over(start));
    expect(over(end)).toBeGreaterThan(over(start));
  });

  it("are the whole count of a term that began in this process", async () => {
    server = await startTestServer();
    const before = await account(server);
    await server.call("PUT", "sys/rotate");
    await live(server, 3);
    const after = await account(server);
    expect(after.count).toBe(sum(Object.values(after.items)) - sum(Object.values(before.items)));
  });

  it("hold a put that the storage refused, which vault.barrier.put does not", async () => {
    const inner = openMemoryStorage();
    let full = false;
    const measurements = new Measurements();
    const store = new SealedStore({
      storage: {
        type: inner.type,
        get: (path) => inner.get(path),
        list: (prefix) => inner.list(prefix),
        close: () => inner.close(),
        async write(batch) {
          if (full) throw new StorageError("STORAGE_FAILED", "the disk is full");
          await inner.write(batch);
        },
      },
      shares: shamir,
      observer: new StoreMetrics({
        measurements,
        prometheus: new Prometheus(measurements, "vault"),
        log: createLog({ level: "off", format: "standard", write: () => undefined }),
        sealType: "shamir",
        timeoutVariable: "",
      }),
    });
    const { unseal } = await store.initialize({ unseal: { shares: 1, threshold: 1 } });
    for (const share of unseal) await store.submitShare(share);
    const { encryptions } = store.barrier;
    await store.put("a", Buffer.from("1"));
    full = true;
    for (let each = 0; each < 3; each++) await rejectsWithCode(store.put("a", Buffer.from("2")), "STORAGE_FAILED");
    full = false;
    const counted = measurements.counter("sealwright.encryptions_total", "", { purpose: "put" }).total;
    expect(counted - measurements.sample("barrier.put", "").count).toBe(3);
    expect(store.barrier.encryptions).toBe(encryptions + 4n);
    await store.close();
  });
});

describe("the metrics on the page", () => {
  async function prometheus({ server: { urls }, root }: TestServer): Promise<string> {
    const url = `${urls[0]}/v1/sys/metrics?format=prometheus`;
    return (await fetch(url, { headers: { "X-Vault-Token": root } })).text();
  }

  async function exported(of: TestServer): Promise<readonly string[]> {
    return [...(await prometheus(of)).matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name);
  }

  it("have the bounds that the page names for choosing the timeout", async () => {
    server = await startTestServer();
    const bounds = [...(await prometheus(server)).matchAll(/persist_seconds_bucket\{le="([\d.]+)"\}/g)];
    const named = /The bounds are (.*?) seconds\./s.exec(page)?.[1]?.replace(" and ", ", ").split(/,\s+/);
    expect(named).toEqual(bounds.map(([, bound]) => bound));
  });

  it("are all there", async () => {
    server = await startTestServer();
    await server.token({ policies: ["default"] });
    const table = page.slice(page.indexOf("## Metrics"));
    const names = [...table.matchAll(/`((?:vault\.|sealwright_)[\w.]+)[`{]/g)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(10);
    const all = await exported(server);
    for (const name of names) expect(all).toContain(name.replaceAll(".", "_"));
  });

  it("leave out none of ours that is about encryptions", async () => {
    server = await startTestServer();
    const ours = (await exported(server)).filter((name) => /^sealwright_.*(encryption|wrap)/.test(name));
    expect(ours.length).toBeGreaterThan(3);
    for (const name of ours) expect(page).toContain(name);
  });
});
