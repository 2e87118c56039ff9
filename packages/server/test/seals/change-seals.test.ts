// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialize, type SealsServer, startSeals, staticSeal, stopSeals, stopStarted } from "./seals-server.ts";

const ONE = staticSeal("one", "k1");
const TWO = staticSeal("two", "k2", "priority = 2");
const THREE = staticSeal("three", "k3", "priority = 3");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-change-"));
});
afterEach(async () => {
  await stopStarted();
  rmSync(folder, { recursive: true, force: true });
});

const storage = () => `"file" { path = ${JSON.stringify(join(folder, "data"))} }`;

/** The seals of the storage by name and use. */
async function uses({ running }: SealsServer): Promise<Record<string, string>> {
  const holdings = await running.store.seals.holdings();
  return Object.fromEntries(holdings.map(({ name, state, first }) => [name, first ? `${state}, first` : state]));
}

/** A server under the seal `one`, with a value, and how to ask it as root. */
async function underOne() {
  const server = await startSeals(ONE, storage());
  const token = await initialize(server, { recovery_shares: 3, recovery_threshold: 2 });
  await server.running.store.put("kept", Buffer.from("value"));
  const put = (path: string, body: object = {}) => server.call("PUT", path, body, token);
  return { server, token, put };
}

/** Whether a server with `seals` alone opens the storage and reads the value. */
async function opens(seals: string): Promise<boolean> {
  const server = await startSeals(seals, storage());
  try {
    await server.running.store.unseal();
    return (await server.running.store.get("kept"))?.toString() === "value";
  } finally {
    await stopSeals(server);
  }
}

describe("sys/config/reload/seals", () => {
  it("opens what is new, which is given nothing, and closes what is gone", async () => {
    const { server, put } = await underOne();
    server.configure(ONE + TWO);
    expect(await put("sys/config/reload/seals")).toMatchObject({
      status: 200,
      body: { data: { added: ["two"], changed: [], removed: [] } },
    });
    expect(await uses(server)).toEqual({ one: "enabled, first", two: "new" });
    expect(server.lines.join("")).toMatch(
      /the seal "two" is configured: it holds nothing before operator seal add two/,
    );
    server.configure(ONE);
    expect((await put("sys/config/reload/seals")).body).toMatchObject({ data: { removed: ["two"] } });
    expect(await uses(server)).toEqual({ one: "enabled, first" });
  });

  it("opens a seal anew whose settings have changed, and leaves the others", async () => {
    const { server, put } = await underOne();
    const [before] = server.running.store.seals.attached;
    expect((await put("sys/config/reload/seals")).body).toMatchObject({
      data: { added: [], changed: [], removed: [] },
    });
    expect(server.running.store.seals.attached[0]).toBe(before);
    server.configure(staticSeal("one", "k1", "priority = 9"));
    expect((await put("sys/config/reload/seals")).body).toMatchObject({ data: { changed: ["one"] } });
    expect(server.running.store.seals.attached).toMatchObject([{ name: "one", priority: 9 }]);
    await server.running.store.seals.prove("one");
  });

  it("tells of no change of people's shares, which no block is about", async () => {
    const server = await startSeals("", storage());
    const { body } = await server.call("PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 });
    await server.call("PUT", "sys/unseal", { key: (body.keys as string[])[0] });
    const reload = () => server.call("PUT", "sys/config/reload/seals", {}, String(body.root_token));
    server.configure(ONE);
    expect((await reload()).body).toMatchObject({ data: { added: ["one"], changed: [], removed: [] } });
    server.configure("");
    expect((await reload()).body).toMatchObject({ data: { added: [], changed: [], removed: ["one"] } });
    expect(server.lines.join("")).not.toContain('the seal "shamir"');
  });

  it("refuses to forget a seal that the storage has, and changes nothing", async () => {
    const { server, put } = await underOne();
    server.configure(TWO);
    const { status, body } = await put("sys/config/reload/seals");
    expect(status).toBe(400);
    expect(String(body.errors)).toContain("remove it first with operator seal remove one");
    expect(await uses(server)).toEqual({ one: "enabled, first" });
  });

  it("refuses a configuration with a mistake, and with a seal that cannot be opened, and changes nothing", async () => {
    const { server, put } = await underOne();
    for (const wrong of ["seal {", `${ONE}seal "static" {\n  name = "x"\n  current_key_id = "x"\n}`]) {
      server.configure(wrong);
      expect((await put("sys/config/reload/seals")).status).toBeGreaterThanOrEqual(400);
      expect(await uses(server)).toEqual({ one: "enabled, first" });
    }
  });

  it("goes on where a seal still cannot be opened that could not be before, and takes it up when it can", async () => {
    const keyFile = join(folder, "late.key");
    const late = `seal "static" {\n  name = "late"\n  current_key_id = "l"\n  current_key = "file://${keyFile}"\n}\n`;
    const server = await startSeals(ONE + late, storage());
    const token = await initialize(server);
    const reload = async (seals: string) => {
      server.configure(seals);
      return server.call("PUT", "sys/config/reload/seals", {}, token);
    };
    expect((await reload(ONE + late + TWO)).body).toMatchObject({ data: { added: ["two"] } });
    expect(server.running.seals.failed.map(({ block }) => block.name)).toEqual(["late"]);
    writeFileSync(keyFile, "7".repeat(64));
    expect((await reload(ONE + late + TWO)).body).toMatchObject({ data: { changed: ["late"] } });
    expect(await uses(server)).toEqual({ one: "enabled, first", late: "new", two: "new" });
  });

  it("takes turns with another one at the same time", async () => {
    const { server, put } = await underOne();
    server.configure(ONE + TWO);
    const [byRequest, byHangup] = await Promise.all([put("sys/config/reload/seals"), server.running.reloadSeals()]);
    const added = [(byRequest.body.data as { added: string[] }).added, byHangup.added];
    expect(added.flat()).toEqual(["two"]);
  });

  it("needs a token with sudo", async () => {
    const { server } = await underOne();
    expect(await server.call("PUT", "sys/config/reload/seals")).toMatchObject({ status: 403 });
  });
});

describe("sys/seals", () => {
  it("adds a configured seal only where its weakness is accepted, and it opens the storage then", async () => {
    const { server, put } = await underOne();
    server.configure(ONE + TWO);
    await put("sys/config/reload/seals");
    const refused = await put("sys/seals/add", { name: "two" });
    expect(refused.status).toBe(400);
    expect(String(refused.body.errors)).toMatch(/two would be the weakest.*-accept-weaker/);
    expect(await uses(server)).toEqual({ one: "enabled, first", two: "new" });
    expect(await put("sys/seals/add", { name: "two", accept_weaker: true })).toMatchObject({ status: 204 });
    expect(await uses(server)).toEqual({ one: "enabled, first", two: "enabled" });
    await stopSeals(server);
    expect(await opens(TWO)).toBe(true);
  });

  it("removes a seal, which then opens nothing any more", async () => {
    const { server, put } = await underOne();
    server.configure(ONE + TWO);
    await put("sys/config/reload/seals");
    await put("sys/seals/add", { name: "two", accept_weaker: true });
    expect(await put("sys/seals/remove", { name: "one", force: true })).toMatchObject({ status: 204 });
    expect(await uses(server)).toEqual({ two: "enabled, first", one: "new" });
    await stopSeals(server);
    expect(await opens(TWO)).toBe(true);
    await expect(startSeals(ONE, storage())).rejects.toThrow(/configure the seal "two" \(static\)/);
  });

  it.each([
    ["add", { name: "nobody", accept_weaker: true }, /no seal called \\?"nobody\\?" is configured/],
    ["add", { name: "one", accept_weaker: true }, /is one of this storage's already/],
    ["add", {}, /the name of a configured seal/],
    ["remove", { name: "one" }, /no auto seal at hand would open/],
    ["remove", { name: "nobody" }, /no seal called/],
    ["migrate", { to: "one" }, /first already/],
    ["migrate", { to: "nobody" }, /no seal called/],
    ["migrate/finish", {}, /no migration is under way/],
    ["migrate/undo", {}, /no migration is under way/],
  ])("refuses %s with %j as a mistake of the caller's", async (path, body, message) => {
    const { put } = await underOne();
    const answer = await put(`sys/seals/${path}`, body);
    expect(answer.status).toBe(400);
    expect(String(answer.body.errors)).toMatch(message);
  });

  it.each(["add", "remove", "migrate", "migrate/finish", "migrate/undo"])("needs sudo for %s", async (path) => {
    const { server } = await underOne();
    expect(await server.call("PUT", `sys/seals/${path}`, { name: "one", to: "one" })).toMatchObject({ status: 403 });
  });

  it("answers 503 on a sealed server", async () => {
    const { server, put } = await underOne();
    await server.running.store.seal();
    expect(await put("sys/seals/add", { name: "two" })).toMatchObject({ status: 503 });
  });
});

describe("the audit of changes of the seals", () => {
  it("writes a line before and after, with names and without anything else that was given", async () => {
    const file = join(folder, "audit.log");
    const audited = `audit "file" {\n  path = ${JSON.stringify(file)}\n}\n`;
    const server = await startSeals(audited + ONE, storage());
    const token = await initialize(server);
    await server.call("PUT", "sys/seals/add", { name: "two", accept_weaker: true, key: "secret" }, token);
    await server.call("PUT", "sys/seals/shares/officers/rekey/init", { secret_shares: 3 }, token);
    const lines = readFileSync(file, "utf8").trim().split("\n");
    const requests = lines.map((line) => (JSON.parse(line) as { request?: { path: string; data?: object } }).request);
    const add = requests.filter((each) => each?.path === "sys/seals/add");
    expect(add).toHaveLength(2);
    expect(add[0]?.data).toEqual({ name: "two", accept_weaker: true });
    expect(requests.map((each) => each?.path)).toContain("sys/seals/shares/…/rekey/init");
    expect(lines.join("")).not.toContain('secret"');
  });
});

describe("a migration online", () => {
  /** With `three` configured to be migrated to. */
  async function readied() {
    const { server, put } = await underOne();
    server.configure(ONE + THREE);
    await put("sys/config/reload/seals");
    return { server, put };
  }

  it("is told beforehand, and changes nothing then", async () => {
    const { server, put } = await readied();
    expect(await put("sys/seals/migrate", { to: "three", dry_run: true, accept_weaker: true })).toMatchObject({
      status: 200,
      body: {
        data: {
          from: { name: "one", type: "static" },
          to: { name: "three", type: "static" },
          shares_become: "recovery",
        },
      },
    });
    expect(await uses(server)).toEqual({ one: "enabled, first", three: "new" });
  });

  it("keeps the old seal until it is finished", async () => {
    const { server, put } = await readied();
    expect(await put("sys/seals/migrate", { to: "three", accept_weaker: true })).toMatchObject({ status: 204 });
    expect(await uses(server)).toEqual({ three: "enabled, first", one: "enabled" });
    expect(await put("sys/seals/migrate/finish", { force: true })).toMatchObject({ status: 204 });
    expect(await uses(server)).toEqual({ three: "enabled, first", one: "new" });
    await stopSeals(server);
    expect(await opens(THREE)).toBe(true);
  });

  it("can be undone", async () => {
    const { server, put } = await readied();
    await put("sys/seals/migrate", { to: "three", accept_weaker: true });
    expect(await put("sys/seals/migrate/undo")).toMatchObject({ status: 204 });
    expect(await uses(server)).toMatchObject({ one: "enabled, first", three: "enabled" });
    await stopSeals(server);
    expect(await opens(ONE)).toBe(true);
  });
});

describe("a migration in Vault's way", () => {
  const unseal = async (server: SealsServer, keys: readonly string[], more: object = { migrate: true }) => {
    const answers = [];
    for (const key of keys) answers.push(await server.call("PUT", "sys/unseal", { key, ...more }));
    return answers.at(-1);
  };

  it("takes a storage from shares to a seal by the shares that unseal it", async () => {
    const first = await startSeals("", storage());
    const { body } = await first.call("PUT", "sys/init", { secret_shares: 3, secret_threshold: 2 });
    const keys = body.keys as string[];
    await unseal(first, keys.slice(0, 2), {});
    await first.running.store.put("kept", Buffer.from("value"));
    await stopSeals(first);
    const server = await startSeals(ONE, storage());
    const without = await unseal(server, keys.slice(0, 1), {});
    expect(without?.status).toBeGreaterThanOrEqual(400);
    expect(String(without?.body.errors)).toContain("-migrate");
    expect(await unseal(server, keys.slice(0, 2))).toMatchObject({ status: 200, body: { sealed: false } });
    expect((await server.call("GET", "sys/seal-status")).body).toMatchObject({ type: "static", n: 3, t: 2 });
    await stopSeals(server);
    expect(await opens(ONE)).toBe(true);
  });

  it("takes a storage from a seal to shares by its recovery shares", async () => {
    const first = await startSeals(ONE, storage());
    const { body } = await first.call("PUT", "sys/init", { recovery_shares: 3, recovery_threshold: 2 });
    const keys = body.recovery_keys as string[];
    await first.running.store.put("kept", Buffer.from("value"));
    await stopSeals(first);
    const server = await startSeals(staticSeal("one", "k1", "disabled = true"), storage());
    expect(await unseal(server, keys.slice(0, 2))).toMatchObject({ status: 200, body: { sealed: false } });
    expect((await server.call("GET", "sys/seal-status")).body).toMatchObject({ type: "shamir", n: 3, t: 2 });
    await stopSeals(server);
    const after = await startSeals("", storage());
    expect(await unseal(after, keys.slice(1), {})).toMatchObject({ status: 200, body: { sealed: false } });
    expect((await after.running.store.get("kept"))?.toString()).toBe("value");
  });

  it("is refused where nothing is there to migrate to", async () => {
    const server = await startSeals("", storage());
    const { body } = await server.call("PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 });
    const answer = await unseal(server, body.keys as string[]);
    expect(answer?.status).toBe(400);
    expect(server.running.store.sealed).toBe(true);
  });
});
