// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { initialize, type SealsServer, startSeals, staticSeal } from "./seals-server.ts";

const TWO = staticSeal("one", "k1") + staticSeal("two", "k2", "priority = 2");
const WEAK = { accept_weaker: true };
const BROKEN = 'seal "static" {\n  name = "broken"\n  current_key_id = "b"\n  current_key = "file:///no/such/key"\n}\n';

async function backends(server: SealsServer, token?: string) {
  const { status, body } = await server.call("GET", "sys/seal-backend-status", {}, token);
  return { status, body, list: body.backends as Record<string, unknown>[] };
}

describe("a server with several seals", () => {
  it("shows each at its start, by name and priority, without secrets", async () => {
    const { banner } = await startSeals(TWO + staticSeal("old", "k0", "disabled = true"));
    expect(banner).toMatch(
      /^ *Auto Seal "one": static \(priority: 1, current_key: "\[secret\]", current_key_id: "k1"\)$/m,
    );
    expect(banner).toMatch(/^ *Auto Seal "two": static \(priority: 2, /m);
    expect(banner).toMatch(/^ *Auto Seal "old": static \(disabled, /m);
  });

  it("starts without one that cannot be opened, and says so", async () => {
    const server = await startSeals(TWO + BROKEN);
    expect(server.lines.join("")).toMatch(/ERROR.*the static seal "broken" is left out: .*\/no\/such\/key/);
    expect(server.banner).toMatch(/Auto Seal "broken": static \(priority: 1, not opened\)$/m);
    await initialize(server, WEAK);
    expect(server.running.store.sealed).toBe(false);
    const { body, list } = await backends(server);
    expect(body.healthy).toBe(false);
    expect(list.find(({ name }) => name === "broken")).toMatchObject({ configured: false, healthy: false });
  });

  it("says at every unseal that any one of them opens the storage, and says it of no single one", async () => {
    const weakest = /\[INFO\] .*as strong as the weakest of them: seals="?one, two/;
    const server = await startSeals(TWO);
    await initialize(server, WEAK);
    await expect.poll(() => server.lines.filter((line) => weakest.test(line))).toHaveLength(1);
    const single = await startSeals(staticSeal("one", "k1") + staticSeal("old", "k0", "disabled = true"));
    await initialize(single);
    expect(await single.running.store.seals.holdings()).toHaveLength(2);
    expect(single.lines.join("")).not.toContain("weakest");
  });

  it("does not start where none can be opened", async () => {
    await rejectsWithCode(startSeals(BROKEN), "SEAL_CONFIG");
    await rejectsWithCode(startSeals(BROKEN + staticSeal("old", "k0", "disabled = true")), "SEAL_CONFIG");
  });

  it("does not start on a mistyped setting, whichever seal has it", async () => {
    await expect(startSeals(`${TWO}seal "static" {\n  name = "x"\n  curent_key = "a"\n}`)).rejects.toThrow(
      /did you mean current_key\?/,
    );
  });

  it("measures each", async () => {
    const server = await startSeals(TWO);
    const labels = async () => {
      const { body } = await server.call("GET", "sys/metrics", {}, await initialize(server, WEAK));
      const gauges = body.Gauges as { Name: string; Labels: object; Value: number }[];
      return gauges.filter(({ Name }) => Name === "sealwright.seal_healthy").map(({ Labels }) => Labels);
    };
    expect(await labels()).toEqual([
      { name: "one", type: "static" },
      { name: "two", type: "static" },
    ]);
  });
});

describe("sys/seal-backend-status", () => {
  it("answers as Vault does to anybody, before and after initialisation and when sealed", async () => {
    const server = await startSeals(TWO);
    expect(await backends(server)).toMatchObject({ status: 200, body: { healthy: true, fully_wrapped: false } });
    await initialize(server, WEAK);
    const entry = (name: string) => ({ name, healthy: true, configured: true, disabled: false });
    const expected = { healthy: true, fully_wrapped: true, backends: [entry("one"), entry("two")] };
    expect((await backends(server)).body).toEqual(expected);
    await server.running.store.seal();
    expect((await backends(server)).body).toEqual(expected);
  });

  it("says since when which seal is not healthy", async () => {
    const server = await startSeals(TWO);
    await initialize(server, WEAK);
    const [, two] = server.running.seals.all;
    two?.health.failed("wrap", new SealError("SEAL_DENIED", "the role may not wrap"));
    const { body, list } = await backends(server);
    const since = two?.health.report.since?.toISOString();
    expect(since).toBeDefined();
    expect(body).toMatchObject({ healthy: false, unhealthy_since: since });
    expect(list).toEqual([
      { name: "one", healthy: true, configured: true, disabled: false },
      { name: "two", healthy: false, configured: true, disabled: false, unhealthy_since: since },
    ]);
    expect(server.lines.join("")).toMatch(
      /WARN.*the static seal "two" is denied: the role may not wrap: code=SEAL_DENIED/,
    );
  });

  it("tells a token more, and no other", async () => {
    const server = await startSeals(TWO);
    const token = await initialize(server, WEAK);
    const { body, list } = await backends(server, token);
    const layer = ["core/keyring", "core/root-key"].flatMap((path) => ["k1", "k2"].map((key_id) => ({ path, key_id })));
    expect(body.seal_wrapped).toHaveLength(layer.length);
    expect(body.seal_wrapped).toEqual(expect.arrayContaining(layer));
    expect(list[0]).toMatchObject({
      name: "one",
      type: "static",
      kind: "auto",
      priority: 1,
      use: "enabled",
      state: "healthy",
      first: true,
      up_to_date: true,
      wrapped: [{ path: "core/hsm/barrier-unseal-keys", key_id: "k1" }],
      outstanding: [],
    });
    expect(list[1]).toMatchObject({ wrapped: [{ path: "sealwright/seals/two/root-key", key_id: "k2" }] });
    for (const stranger of [undefined, "s.nobody"]) {
      const answer = await backends(server, stranger);
      expect(answer.status).toBe(200);
      expect(answer.list[0]).not.toHaveProperty("type");
      expect(answer.body).not.toHaveProperty("seal_wrapped");
    }
    await server.running.store.seal();
    expect((await backends(server, token)).list[0]).not.toHaveProperty("type");
  });

  it("says of a seal with another key than before why it is not asked, though its calls are answered", async () => {
    const server = await startSeals(TWO);
    const token = await initialize(server, WEAK);
    server.configure(staticSeal("one", "k1", "", "kx") + staticSeal("two", "k2", "priority = 2"));
    expect(await server.call("PUT", "sys/config/reload/seals", {}, token)).toMatchObject({ status: 200 });
    await server.running.store.seal();
    await server.running.store.unseal();
    const { body, list } = await backends(server, token);
    expect(body.fully_wrapped).toBe(false);
    expect(list[0]).toMatchObject({ name: "one", up_to_date: false, code: "WRONG_SEAL" });
    expect(list[0]?.reason).toContain('does not open core/hsm/barrier-unseal-keys, which a key called "k1" wrapped');
    expect(list[1]).not.toHaveProperty("reason");
  });

  it("has the shares where people unseal", async () => {
    const server = await startSeals("");
    const init = await server.call("PUT", "sys/init", { secret_shares: 3, secret_threshold: 2 });
    expect(init.status).toBe(200);
    expect((await backends(server)).body).toEqual({
      healthy: true,
      fully_wrapped: true,
      backends: [{ name: "shamir", healthy: true, configured: true, disabled: false }],
    });
  });
});
