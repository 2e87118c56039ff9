// SPDX-License-Identifier: Apache-2.0
/** What the health of a seal does to the store and to the log, on servers whose probes are pulled by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLog } from "../../src/runtime/log.ts";
import { followHealth } from "../../src/seals/health/follow-health.ts";
import { initialize, type SealsServer, startSeals, staticSeal, stopSeals, stopStarted } from "./seals-server.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-follow-"));
});
afterEach(async () => {
  await stopStarted();
  rmSync(folder, { recursive: true, force: true });
});

const storage = () => `"file" { path = ${JSON.stringify(join(folder, "data"))} }`;
const TWO = staticSeal("one", "k1") + staticSeal("two", "k2", "priority = 2");

/** How the seal called `name` is tried now, with what that writes to the log. */
function probeOf({ running }: SealsServer, name: string) {
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "standard", write: (line) => lines.push(line) });
  const seal = running.seals.all.find(({ block }) => block.name === name);
  if (seal === undefined) throw new Error(`there is no seal ${name}`);
  return { ...followHealth(seal, running.store, log), lines, seal };
}

async function twoSeals() {
  const server = await startSeals(TWO, storage());
  const token = await initialize(server, { accept_weaker: true });
  return { server, token, two: probeOf(server, "two") };
}

describe("a seal that is away", () => {
  it("is not waited for, is told once, and is given what it missed when it is back", async () => {
    const { server, token, two } = await twoSeals();
    const { store } = server.running;
    const down = new SealError("SEAL_UNAVAILABLE", "the service does not answer");
    const [, attached] = store.seals.attached;
    const wrap = vi.spyOn(attached!.seal, "wrap").mockRejectedValue(down);
    two.seal.health.failed("wrap", down);
    two.seal.health.failed("wrap", down);
    expect(
      two.lines.join("").match(/WARN.*the static seal "two" is unavailable: the service does not answer/g),
    ).toHaveLength(1);
    expect(await server.call("PUT", "sys/rotate/root", { force: true }, token)).toMatchObject({ status: 204 });
    expect(wrap).not.toHaveBeenCalled();
    const missing = await store.seals.holdings();
    expect(missing.find(({ name }) => name === "two")?.outstanding).not.toEqual([]);
    wrap.mockRestore();
    two.seal.health.answered("wrap", 1);
    await expect
      .poll(async () => (await store.seals.holdings()).find(({ name }) => name === "two")?.upToDate)
      .toBe(true);
    expect(two.lines.join("")).toMatch(/INFO.*the static seal "two" answers again/);
    await store.seal();
    await store.unseal();
    await stopSeals(server);
    const alone = await startSeals(staticSeal("two", "k2"), storage());
    await alone.running.store.unseal();
  });

  it("makes a new root key ask for -force where one seal of several would be left", async () => {
    const { server, token, two } = await twoSeals();
    two.seal.health.failed("wrap", new SealError("SEAL_DENIED", "the role may not wrap"));
    const { status, body } = await server.call("PUT", "sys/rotate/root", {}, token);
    expect(status).toBe(400);
    expect(String(body.errors)).toContain("-force");
  });
});

describe("a seal that may unwrap and not wrap", () => {
  it("unseals, and the first try of its health names the permission that is missing", async () => {
    const kms = await startCloudKms();
    try {
      const settings = Object.entries(kms.config).map(([key, value]) => `  ${key} = "${value}"\n`);
      const block = `seal "gcpckms" {\n${settings.join("")}}\n`;
      const first = await startSeals(block, storage());
      const token = await initialize(first);
      await stopSeals(first);
      kms.deny("cloudkms.cryptoKeyVersions.useToEncrypt");
      const server = await startSeals(block, storage());
      await server.running.store.unseal();
      const status = async () => (await server.call("GET", "sys/seal-backend-status", {}, token)).body;
      expect(await status()).toMatchObject({ healthy: true });
      const gcp = probeOf(server, "gcpckms");
      await rejectsWithCode(gcp.prove(), "SEAL_DENIED");
      expect(await status()).toMatchObject({ healthy: false, backends: [{ name: "gcpckms", healthy: false }] });
      expect(gcp.lines).toEqual([
        expect.stringMatching(/the gcpckms seal "gcpckms" is denied: \S*useToEncrypt on projects\/\S+ is denied/),
      ]);
      expect(server.running.store.sealed).toBe(false);
    } finally {
      await stopStarted();
      await kms.stop();
    }
  });
});

describe("a seal that wraps by another key than before", () => {
  it("has the root key wrapped anew, and says so once", async () => {
    const first = await startSeals(staticSeal("one", "k1"), storage());
    await initialize(first);
    await stopSeals(first);
    const old = Buffer.alloc(32, "k1").toString("hex");
    const renewed = staticSeal("one", "k2", `previous_key_id = "k1"\n  previous_key = "${old}"`);
    const server = await startSeals(renewed, storage());
    await server.running.store.unseal();
    const one = probeOf(server, "one");
    await one.prove();
    await one.prove();
    expect(one.lines.join("").match(/wrapped by "k1" of the seal "one", which now wraps by "k2"/g)).toHaveLength(1);
    const [holding] = await server.running.store.seals.holdings();
    expect(holding?.wrapped.map(({ keyId }) => keyId)).toEqual(["k2"]);
    await expect.poll(() => server.running.store.rewrap.status.running).toBe(false);
    await stopSeals(server);
    const after = await startSeals(staticSeal("one", "k2"), storage());
    await after.running.store.unseal();
  });

  it("says nothing where the key is the same, and nothing of a store that is sealed meanwhile", async () => {
    const server = await startSeals(staticSeal("one", "k1"), storage());
    await initialize(server);
    const one = probeOf(server, "one");
    await one.prove();
    await server.running.store.seal();
    await one.prove();
    expect(one.lines).toEqual([]);
  });
});
