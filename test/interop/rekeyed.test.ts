// SPDX-License-Identifier: Apache-2.0
/** Directories of OpenBao's, adopted and rekeyed by a server of ours, read by OpenBao's own way with Node alone. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServerProcess } from "../support/command.ts";
import { Fixture, filesBelow } from "./fixture.ts";
import { combineShares, entryIn, type Keyring, openBlob, openEntry, pathOf, termOf } from "./openbao-format.ts";

/** What a rekey may change, besides what stands under `sealwright/`. */
const KNOWN = [
  "core/hsm/barrier-unseal-keys",
  "core/keyring",
  "core/recovery-config",
  "core/recovery-key",
  "core/root-key",
  "core/seal-config",
  "core/shamir-kek",
];

/** Rekeys by HTTP, as 5 shares with threshold 3, and gives the new shares. */
async function rekey(server: ServerProcess, path: string, shares: readonly string[]): Promise<Buffer[]> {
  const put = async (name: string, body: object) => {
    const answer = await fetch(`${server.url}/v1/${path}/${name}`, { method: "PUT", body: JSON.stringify(body) });
    expect({ name, status: answer.status }).toEqual({ name, status: 200 });
    return (await answer.json()) as { readonly nonce: string; readonly keys?: readonly string[] };
  };
  const { nonce } = await put("init", { secret_shares: 5, secret_threshold: 3, compromised: true });
  let made: readonly string[] = [];
  for (const key of shares) made = (await put("update", { nonce, key })).keys ?? [];
  return made.map((key) => Buffer.from(key, "hex"));
}

describe.each(["shamir", "static"] as const)("a directory with a %s seal, adopted and rekeyed", (name) => {
  let fixture: Fixture;
  let before: Map<string, string>;
  let after: Map<string, string>;
  let fresh: Buffer[];
  let wrappingKey: Buffer;

  const entry = (path: string): Buffer => {
    const found = [...after].find(([file]) => pathOf(file) === path);
    if (found === undefined) throw new Error(`there is no ${path}`);
    return entryIn(found[1]);
  };
  const rootKey = (): Buffer => {
    const [key = ""] = JSON.parse(openBlob(wrappingKey, entry("core/hsm/barrier-unseal-keys")).toString()) as string[];
    return Buffer.from(key, "base64");
  };
  const keyring = () => JSON.parse(openEntry(rootKey(), "core/keyring", entry("core/keyring")).toString()) as Keyring;
  const underDataKey = (path: string): Buffer => {
    const bytes = entry(path);
    const key = keyring().Keys.find(({ Term }) => Term === termOf(bytes));
    return openEntry(Buffer.from(key?.Value ?? "", "base64"), path, bytes);
  };

  beforeAll(async () => {
    fixture = await Fixture.copy(name);
    before = await filesBelow(fixture.data);
    const { keys_hex, threshold } = fixture.recorded.current;
    const old = keys_hex.slice(0, threshold);
    const adopted = await fixture.work.run(["storage", "adopt", "-config=config.hcl", "-"], {}, old.join("\n"));
    expect(adopted).toMatchObject({ code: 0 });
    const server = await fixture.work.serve(["-config=config.hcl"]);
    if (name === "static") await server.command.until(/unsealed/);
    for (const key of fixture.shares) {
      await fetch(`${server.url}/v1/sys/unseal`, { method: "PUT", body: JSON.stringify({ key }) });
    }
    fresh = await rekey(server, name === "shamir" ? "sys/rekey" : "sys/rekey-recovery-key", old);
    expect((await server.stop()).code).toBe(0);
    // Where a seal opens the storage, it is what has to run before OpenBao does.
    if (name === "static") {
      expect(await fixture.work.run(["storage", "unwrap", "-config=config.hcl"])).toMatchObject({ code: 0 });
    }
    after = await filesBelow(fixture.data);
    wrappingKey =
      name === "shamir"
        ? combineShares(fresh.slice(1, 4))
        : Buffer.from(await readFile(fixture.work.path("static.key"), "utf8"), "hex");
  }, 60_000);

  afterAll(() => fixture.work.close());

  test("has a sealed root key that opens by the new shares, or the key file, and opens the keyring", () => {
    expect(fresh.map((share) => share.length)).toEqual([33, 33, 33, 33, 33]);
    expect(rootKey()).toHaveLength(32);
    expect(termOf(entry("core/keyring"))).toBe(1);
    expect(keyring().MasterKey).toBe(rootKey().toString("base64"));
    const terms = keyring().Keys.map(({ Term }) => Term);
    expect(Math.max(...terms)).toBe(fixture.recorded.key_status.term + 1);
  });

  test("has the root key for standbys under the active data key", () => {
    expect(termOf(entry("core/root-key"))).toBe(fixture.recorded.key_status.term + 1);
    const standby = JSON.parse(underDataKey("core/root-key").toString()) as { readonly Value: string };
    expect(standby.Value).toBe(rootKey().toString("base64"));
  });

  test("has the configuration of the new shares as OpenBao writes it", () => {
    const path = name === "shamir" ? "core/seal-config" : "core/recovery-config";
    const config = JSON.parse(entry(path).toString()) as Record<string, unknown>;
    const [, old = ""] = [...before].find(([file]) => pathOf(file) === path) ?? [];
    expect(Object.keys(config).sort()).toEqual(Object.keys(JSON.parse(entryIn(old).toString()) as object).sort());
    expect(config).toMatchObject({ type: "shamir", secret_shares: 5, secret_threshold: 3 });
  });

  test("has the key of the new shares where OpenBao looks for it", () => {
    const key = combineShares([fresh[4]!, fresh[0]!, fresh[2]!]);
    const kept =
      name === "shamir" ? underDataKey("core/shamir-kek") : openBlob(wrappingKey, entry("core/recovery-key"));
    expect(kept.equals(key)).toBe(true);
    expect(() => openBlob(combineShares(fresh.slice(0, 2)), entry("core/hsm/barrier-unseal-keys"))).toThrow();
  });

  test("does not open by the old shares", () => {
    const old = fixture.recorded.current.keys_hex.slice(0, 2).map((share) => Buffer.from(share, "hex"));
    expect(() => openBlob(combineShares(old), entry("core/hsm/barrier-unseal-keys"))).toThrow();
    if (name === "static")
      expect(openBlob(wrappingKey, entry("core/recovery-key")).equals(combineShares(old))).toBe(false);
  });

  test("has every entry of OpenBao's as it was, but for what a rekey writes, and nothing new outside sealwright/", () => {
    const changed = [...after].filter(([file, text]) => before.get(file) !== text).map(([file]) => pathOf(file));
    expect(changed.filter((path) => !path.startsWith("sealwright/") && !KNOWN.includes(path))).toEqual([]);
    const added = [...after.keys()].filter((file) => !before.has(file)).map(pathOf);
    expect(added.filter((path) => !path.startsWith("sealwright/"))).toEqual([]);
    expect([...before.keys()].filter((file) => !after.has(file))).toEqual([]);
  });

  test("has every other entry of OpenBao's still readable under the keyring's terms", () => {
    const others = [...before.keys()].map(pathOf).filter((path) => !KNOWN.includes(path));
    expect(others.length).toBeGreaterThan(30);
    for (const path of others) expect(() => underDataKey(path)).not.toThrow();
  });
});
