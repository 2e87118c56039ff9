// SPDX-License-Identifier: Apache-2.0
/** `sys/metrics`: who may read it, in which form, and that its numbers are those of the store. */
import { afterEach, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../tokens/test-server.ts";

interface Entry {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Value?: number;
  readonly Count?: number;
}
interface Metrics {
  readonly Gauges: readonly Entry[];
  readonly Counters: readonly Entry[];
  readonly Samples: readonly Entry[];
}

const OPEN_LISTENER = `listener "tcp" {
  address = "127.0.0.1:0"
  tls_disable = true
  telemetry {
    unauthenticated_metrics_access = true
  }
}`;

let server: TestServer;
afterEach(() => server.stop());

async function metrics(): Promise<Metrics> {
  return (await server.call("GET", "sys/metrics")).body as unknown as Metrics;
}

async function prometheus(url: string, token?: string): Promise<{ status: number; type: string | null; text: string }> {
  const headers = token === undefined ? {} : { "X-Vault-Token": token };
  const response = await fetch(`${url}/v1/sys/metrics?format=prometheus`, { headers });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

const named = (entries: readonly Entry[], name: string, labels: object = {}): Entry | undefined =>
  entries.find(
    (each) => each.Name === name && Object.entries(labels).every(([key, value]) => each.Labels[key] === value),
  );

describe("sys/metrics", () => {
  it("counts puts, gets, tokens and encryptions under Vault's names", async () => {
    server = await startTestServer();
    const before = await metrics();
    const put = (of: Metrics) => named(of.Samples, "vault.barrier.put")!.Count!;
    const estimated = (of: Metrics) => named(of.Gauges, "vault.barrier.estimated_encryptions", { term: "1" })!.Value!;
    for (let each = 0; each < 20; each++) await server.call("PUT", `secret/${each}`, { body: { a: "b" } });
    for (let each = 0; each < 5; each++) await server.token({ type: "batch", policies: ["default"] });
    await server.token({ policies: ["default"] });
    const after = await metrics();
    expect(named(after.Counters, "vault.token.creation", { token_type: "batch" })!.Count).toBe(5);
    expect(named(after.Counters, "vault.token.creation", { token_type: "service" })!.Count).toBe(1);
    expect(put(after) - put(before)).toBeGreaterThanOrEqual(21);
    // What was put, and the batch tokens, which are not stored: no more and no less.
    expect(estimated(after) - estimated(before)).toBe(put(after) - put(before) + 5);
    expect(BigInt(estimated(after))).toBe(server.server.store.barrier.encryptions);
    expect(named(after.Gauges, "vault.core.unsealed")!.Value).toBe(1);
  });

  it("itemises every encryption since the start by what it was for", async () => {
    server = await startTestServer();
    const start = await metrics();
    const items = (of: Metrics) =>
      of.Counters.filter(({ Name }) => Name === "sealwright.encryptions_total").reduce(
        (sum, { Count }) => sum + Count!,
        0,
      );
    const count = (of: Metrics) => named(of.Gauges, "vault.barrier.estimated_encryptions")!.Value!;
    for (let each = 0; each < 10; each++) await server.call("PUT", `secret/${each}`, { body: { a: "b" } });
    await server.token({ type: "batch", policies: ["default"] });
    const end = await metrics();
    expect(count(end) - count(start)).toBe(items(end) - items(start));
  });

  it("counts from the first encryption of a new term again", async () => {
    server = await startTestServer();
    await server.call("PUT", "sys/rotate");
    const { Gauges } = await metrics();
    const all = Gauges.filter(({ Name }) => Name === "vault.barrier.estimated_encryptions");
    expect(all).toMatchObject([{ Labels: { term: "2" } }]);
    expect(all[0]!.Value).toBeLessThan(10);
  });

  it("is Prometheus' text where that is asked for, with the seal's times by type", async () => {
    server = await startTestServer();
    const [url = ""] = server.server.urls;
    const { status, type, text } = await prometheus(url, server.root);
    expect([status, type]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    expect(text).toMatch(/^vault_barrier_estimated_encryptions\{term="1"\} \d+$/m);
    expect(text).toMatch(/^vault_barrier_put_count \d+$/m);
    expect(text).toMatch(/^vault_core_unsealed 1$/m);
    expect(text).toMatch(/^vault_seal_encrypt_time_count\{name="static",type="static"\} [1-9]/m);
    expect(text).toMatch(/^vault_seal_static_decrypt_time_count\{name="static",type="static"\} [1-9]/m);
    expect(text).toMatch(/^vault_seal_unreachable_time\{name="static",type="static"\} 0$/m);
    expect(text).toMatch(/^sealwright_encryption_count_persist_failures_total\{reason="timeout"\} 0$/m);
    expect(text).toMatch(/^# TYPE sealwright_encryption_count_persist_seconds histogram$/m);
  });

  it("tells a save of the count in the histogram", async () => {
    server = await startTestServer();
    const [url = ""] = server.server.urls;
    await server.call("PUT", "secret/a", { body: { a: "b" } });
    await server.server.store.seal();
    await server.server.store.unseal();
    expect((await prometheus(url, server.root)).text).toMatch(/^sealwright_encryption_count_persist_seconds_count 1$/m);
  });

  it.each(["xml", "Prometheus", "json2"])("refuses the format %s", async (format) => {
    server = await startTestServer();
    const { status, body } = await server.call("GET", "sys/metrics", { query: `format=${format}` });
    expect([status, body.errors?.[0]]).toEqual([400, expect.stringContaining("use prometheus or json")]);
  });

  it("refuses Prometheus' format where it is turned off", async () => {
    server = await startTestServer({ config: 'telemetry { prometheus_retention_time = "0" }' });
    const { status, body } = await server.call("GET", "sys/metrics", { query: "format=prometheus" });
    expect([status, body.errors]).toEqual([400, ["prometheus is not enabled"]]);
  });

  it("names Vault's metrics by the configured prefix, and ours as they are", async () => {
    server = await startTestServer({ config: 'telemetry { metrics_prefix = "acme" }' });
    const { Gauges, Counters } = await metrics();
    expect(named(Gauges, "acme.core.unsealed")).toBeDefined();
    expect(named(Counters, "sealwright.encryptions_total")).toBeDefined();
  });

  it("has the fields of Vault's JSON, whatever was counted", async () => {
    server = await startTestServer();
    await server.token({ type: "batch", policies: ["default"] });
    const body = (await server.call("GET", "sys/metrics")).body as unknown as Metrics & Record<string, unknown>;
    expect(Object.keys(body).toSorted()).toEqual(["Counters", "Gauges", "Points", "Samples", "Timestamp"]);
    expect(body.Timestamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC$/);
    const fields = ["Count", "Labels", "Max", "Mean", "Min", "Name", "Rate", "Stddev", "Sum"];
    for (const each of [...body.Counters, ...body.Samples]) expect(Object.keys(each).toSorted()).toEqual(fields);
    for (const each of body.Gauges) expect(Object.keys(each).toSorted()).toEqual(["Labels", "Name", "Value"]);
    const created = named(body.Counters, "vault.token.creation", { token_type: "batch" });
    expect(created).toMatchObject({ Count: 1, Sum: 1, Min: 1, Max: 1, Mean: 1, Stddev: 0 });
    const rotations = named(body.Counters, "vault.barrier.auto_rotation");
    expect(rotations).toMatchObject({ Count: 0, Sum: 0, Min: 0, Max: 0, Mean: 0, Stddev: 0, Rate: 0 });
  });

  it("needs a token that may read it, and an unsealed server", async () => {
    server = await startTestServer();
    expect((await server.call("GET", "sys/metrics", { token: null })).status).toBe(403);
    const without = await server.token({ policies: ["default"] });
    expect((await server.call("GET", "sys/metrics", { token: without })).status).toBe(403);
    await server.policy("watch", 'path "sys/metrics" { capabilities = ["read"] }');
    const token = await server.token({ policies: ["watch"] });
    expect((await server.call("GET", "sys/metrics", { token })).status).toBe(200);
    await server.server.store.seal();
    expect((await server.call("GET", "sys/metrics", { token })).status).toBe(503);
  });

  it("needs none at a listener that shows it to everybody, sealed or not; others still ask", async () => {
    server = await startTestServer({ config: OPEN_LISTENER });
    const [closed = "", open = ""] = server.server.urls;
    expect((await prometheus(open)).status).toBe(200);
    expect((await prometheus(closed)).status).toBe(403);
    expect((await fetch(`${open}/v1/sys/metrics`, { method: "PUT" })).status).toBe(403);
    await server.server.store.seal();
    const sealed = await prometheus(open);
    expect(sealed.text).toMatch(/^vault_core_unsealed 0$/m);
    expect(sealed.text).toMatch(/^sealwright_seal_healthy\{name="static",type="static"\} 1$/m);
    expect(sealed.text).not.toMatch(/^vault_barrier_estimated_encryptions\{/m);
    expect((await prometheus(closed)).status).toBe(503);
  });
});
