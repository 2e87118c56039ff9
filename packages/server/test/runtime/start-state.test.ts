// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SealError } from "@sealwright/seal";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { initialize, type SealsServer, startSeals, staticSeal, stopSeals, stopStarted } from "../seals/seals-server.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-state-"));
});
afterEach(async () => {
  await stopStarted();
  rmSync(folder, { recursive: true, force: true });
});

const storage = () => `"file" { path = ${JSON.stringify(join(folder, "data"))} }`;

async function status(server: SealsServer) {
  const { body } = await server.call("GET", "sys/seal-status");
  return { state: body.state, reason: String(body.state_reason), migration: body.migration };
}

/** Initialises a storage under `seals`, and starts a server on it with `others`. */
async function restartedWith(seals: string, others: string, numbers: object = {}) {
  const first = await startSeals(seals, storage());
  const { body } = await first.call("PUT", "sys/init", numbers);
  await stopSeals(first);
  return { server: await startSeals(others, storage()), keys: (body.keys ?? body.recovery_keys) as string[] };
}

describe("a server that does not serve yet says", () => {
  it("that it is not initialised, and nothing once it is unsealed", async () => {
    const server = await startSeals(staticSeal("a", "k1"));
    expect(await status(server)).toEqual({
      state: "not initialised",
      reason: "not initialised: run sealwright operator init",
      migration: false,
    });
    await initialize(server);
    expect((await server.call("GET", "sys/seal-status")).body).not.toHaveProperty("state");
  });

  it("how many shares it waits for", async () => {
    const { server, keys } = await restartedWith("", "", { secret_shares: 3, secret_threshold: 2 });
    expect(await status(server)).toMatchObject({
      state: "waiting for shares",
      reason: "sealed: waiting for unseal key shares (0 of 2 given)",
    });
    const { body } = await server.call("PUT", "sys/unseal", { key: keys[0] });
    expect(body.state_reason).toBe("sealed: waiting for unseal key shares (1 of 2 given)");
  });

  it("which seal it waits for, why, since when, and when it tries again", async () => {
    const { server } = await restartedWith(staticSeal("a", "k1"), staticSeal("a", "k1"));
    expect(await status(server)).toMatchObject({
      state: "waiting for a seal",
      reason: 'sealed: waiting for the seal "a"',
    });
    const [attached] = server.running.store.seals.attached;
    const down = new SealError("SEAL_UNAVAILABLE", "the device does not answer");
    vi.spyOn(attached!.seal, "unwrap").mockRejectedValue(down);
    void server.running.unsealer.run();
    await expect.poll(() => server.running.unsealer.failure).toBeDefined();
    const { state, reason } = await status(server);
    expect(state).toBe("waiting for a seal");
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
    expect(reason).toMatch(
      new RegExp(
        `^sealed: waiting for the seal "a": the device does not answer \\(.*\\) \\(since ${time}, next try ${time}\\)$`,
      ),
    );
  });

  it("that the key is another than this storage's, and which one that is", async () => {
    const { server } = await restartedWith(staticSeal("a", "k1"), staticSeal("a", "k1", "", "other"));
    void server.running.unsealer.run();
    await expect.poll(() => server.running.unsealer.failure).toBeDefined();
    const { state, reason } = await status(server);
    expect(state).toBe("wrong key");
    expect(reason).toContain('"k1"');
  });

  it.each([
    ["unseal", "", staticSeal("a", "k1"), { secret_shares: 3, secret_threshold: 2 }],
    [
      "recovery",
      staticSeal("a", "k1"),
      `${staticSeal("a", "k1", "disabled = true")}${staticSeal("b", "k2")}`,
      { recovery_shares: 3, recovery_threshold: 2 },
    ],
  ])("that it waits for %s shares to migrate", async (kind, before, after, numbers) => {
    const { server } = await restartedWith(before, after, numbers);
    expect(await status(server)).toEqual({
      state: "waiting for a migration",
      reason: `sealed: waiting for ${kind} key shares with -migrate (0 of 2 given)`,
      migration: true,
    });
  });
});

describe("a sealed server whose seals are configured anew", () => {
  it("tries at once, and opens", async () => {
    const { server } = await restartedWith(staticSeal("a", "k1"), staticSeal("a", "k1", "", "other"));
    void server.running.unsealer.run();
    await expect.poll(() => server.running.unsealer.failure?.code).toBe("WRONG_SEAL");
    server.configure(staticSeal("a", "k1"));
    expect(await server.running.reloadSeals()).toMatchObject({ changed: ["a"] });
    await expect.poll(() => server.running.store.sealed).toBe(false);
    expect(server.running.unsealer.failure).toBeUndefined();
  });

  it("opens also where the attempts had ended, since one more could have locked a token", async () => {
    const { server } = await restartedWith(staticSeal("a", "k1"), staticSeal("a", "k1"));
    const [attached] = server.running.store.seals.attached;
    const refused = new SealError("SEAL_DENIED", "the PIN was refused", { final: true });
    vi.spyOn(attached!.seal, "unwrap").mockRejectedValue(refused);
    await server.running.unsealer.run();
    expect(server.running.store.sealed).toBe(true);
    server.configure(staticSeal("a", "k1", "call_deadline = 20"));
    await server.running.reloadSeals();
    await expect.poll(() => server.running.store.sealed).toBe(false);
  });
});

describe("a server does not start", () => {
  it("where no seal of the storage is configured, and names those it has", async () => {
    const other = `seal "pkcs11" {\n  lib = "/no.so"\n  isolation = "none"\n}`;
    await expect(restartedWith(staticSeal("a", "k1"), "")).rejects.toThrow(
      /initialised with a static seal, and the configuration has a shamir seal: configure the seal "static" \(static\)/,
    );
    await expect(startSeals(other, storage())).rejects.toThrow();
  });
});
