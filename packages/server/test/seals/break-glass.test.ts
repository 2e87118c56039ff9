// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RecoverOptions, recoverStorage } from "../../src/offline/recover-storage.ts";
import { createLog } from "../../src/runtime/log.ts";
import { type SealsServer, startSeals, staticSeal, stopSeals, stopStarted } from "./seals-server.ts";

const KMS = staticSeal("kms", "k1");
const OFFICERS = { secret_shares: 5, secret_threshold: 3, break_glass: "officers" };
const RECOVERY = { recovery_shares: 3, recovery_threshold: 2 };

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-officers-"));
});
afterEach(async () => {
  await stopStarted();
  rmSync(folder, { recursive: true, force: true });
});

const data = () => join(folder, "data");
const storage = () => `"file" { path = ${JSON.stringify(data())} }`;

interface Initialized {
  readonly server: SealsServer;
  readonly officers: readonly string[];
  readonly recovery: readonly string[];
  readonly token: string;
}

/** A server under one seal, its officers with a threshold of three of five. */
async function initialized(
  fields: object = { ...OFFICERS, ...RECOVERY, accept_weaker: true },
  more = "",
): Promise<Initialized> {
  const server = await startSeals(KMS + more, storage());
  const { status, body } = await server.call("PUT", "sys/init", fields);
  expect(status).toBe(200);
  await server.running.store.put("kept", Buffer.from("value"));
  return {
    server,
    officers: body.keys as string[],
    recovery: (body.recovery_keys ?? []) as string[],
    token: String(body.root_token),
  };
}

/** Recovers what is in the folder with the seals of `blocks`. */
function recover(blocks: string, shares: readonly string[], more: Partial<RecoverOptions> = {}) {
  const config = join(folder, "new.hcl");
  writeFileSync(config, `${blocks}storage ${storage()}\nlistener "tcp" { tls_disable = true }\n`);
  return recoverStorage({
    configPaths: [config],
    env: {},
    log: createLog({ level: "off", format: "json", write: () => {} }),
    shares: async ({ given }) => shares[given] ?? "",
    sealName: undefined,
    ...more,
  });
}

async function opensBy(blocks: string): Promise<boolean> {
  const server = await startSeals(blocks, storage());
  try {
    await server.running.store.unseal();
    return (await server.running.store.get("kept"))?.toString() === "value";
  } finally {
    await stopSeals(server);
  }
}

describe("officers' shares at init", () => {
  it("stand beside the recovery shares, and each has its own number", async () => {
    const { server, officers, recovery } = await initialized();
    expect([officers.length, recovery.length]).toEqual([5, 3]);
    const holdings = await server.running.store.seals.holdings();
    expect(holdings).toMatchObject([
      { name: "kms", kind: "auto" },
      { name: "officers", kind: "shares", numbers: { shares: 5, threshold: 3 } },
    ]);
  });

  it.each([
    [{ secret_shares: 5, secret_threshold: 3 }, /parameters secret_shares,secret_threshold not applicable/],
    [{ break_glass: "officers" }, /invalid recovery configuration/],
    [{ ...OFFICERS, secret_threshold: 9 }, /invalid recovery configuration/],
    [{ ...OFFICERS, break_glass: "kms" }, /is there already/],
    [{ ...OFFICERS, break_glass: "a/b" }, /cannot be called/],
    [{ ...OFFICERS }, /any one seal opens the storage, and kms would be the weakest/],
    [{ ...OFFICERS, secret_shares: 1, secret_threshold: 1, accept_weaker: false }, /would be the weakest/],
  ])("are refused with %j, and nothing is initialised", async (fields, message) => {
    const server = await startSeals(KMS, storage());
    const { status, body } = await server.call("PUT", "sys/init", fields);
    expect(status).toBe(400);
    expect(String(body.errors)).toMatch(message);
    expect((await server.running.store.status()).initialized).toBe(false);
  });

  it("are not for a storage that people unseal anyway", async () => {
    const server = await startSeals("", storage());
    const { status, body } = await server.call("PUT", "sys/init", OFFICERS);
    expect(status).toBe(400);
    expect(String(body.errors)).toContain("parameters break_glass not applicable to seal type shamir");
  });
});

describe("officers' shares on the running server", () => {
  it("open the store when its seal does not, and not with one too few or a wrong one", async () => {
    const { server, officers } = await initialized();
    const { store } = server.running;
    await store.seal();
    const unseal = (key = "", seal = "officers") => server.call("PUT", "sys/unseal", { key, seal });
    await unseal(officers[0]);
    expect(await unseal(officers[1])).toMatchObject({ status: 200, body: { sealed: true } });
    expect(await unseal(officers[0], "nobody")).toMatchObject({ status: 400 });
    const wrong = Buffer.from(officers[2] ?? "", "hex");
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    expect((await unseal(wrong.toString("hex"))).status).toBe(400);
    expect(store.sealed).toBe(true);
    for (const key of officers.slice(2)) await unseal(key);
    expect(store.sealed).toBe(false);
    expect((await store.get("kept"))?.toString()).toBe("value");
  });
});

describe("operator recover", () => {
  it("opens a backup by three officers and gives it to a new seal; the old one opens it no more", async () => {
    const { server, officers } = await initialized();
    await stopSeals(server);
    const backup = join(folder, "backup");
    cpSync(data(), backup, { recursive: true });
    const before = readFileSync(join(data(), "core/_keyring"));
    const { seals, openedBy, recoveryShares } = await recover(staticSeal("new", "n1"), officers.slice(2));
    expect({ seals, openedBy, recoveryShares }).toEqual({
      seals: ["new"],
      openedBy: "officers",
      recoveryShares: "kept",
    });
    expect(readFileSync(join(data(), "core/_keyring"))).not.toEqual(before);
    expect(await opensBy(staticSeal("new", "n1"))).toBe(true);
    await expect(startSeals(KMS, storage())).rejects.toThrow(/configure the seal "new"/);
    // As docs/security-model.md says: what was copied before is opened by what opened it then.
    rmSync(data(), { recursive: true });
    cpSync(backup, data(), { recursive: true });
    expect(await opensBy(KMS)).toBe(true);
  });

  it("keeps the officers' shares, and takes a new seal under the old one's name", async () => {
    const { server, officers } = await initialized();
    await stopSeals(server);
    const renewed = staticSeal("kms", "k1", "", "another key");
    await recover(renewed, officers.slice(0, 3));
    expect(await opensBy(renewed)).toBe(true);
    expect(await recover(staticSeal("third", "t"), officers.slice(1, 4))).toMatchObject({ seals: ["third"] });
  });

  it("takes unseal shares of a storage that people unseal", async () => {
    const first = await startSeals("", storage());
    const { body } = await first.call("PUT", "sys/init", { secret_shares: 3, secret_threshold: 2 });
    const keys = body.keys as string[];
    for (const key of keys.slice(0, 2)) await first.call("PUT", "sys/unseal", { key });
    await first.running.store.put("kept", Buffer.from("value"));
    await stopSeals(first);
    expect(await recover(staticSeal("new", "n1"), keys)).toMatchObject({ seals: ["new"], openedBy: "shamir" });
    expect(await opensBy(staticSeal("new", "n1"))).toBe(true);
  });

  it("refuses wrong shares, and writes nothing", async () => {
    const { server, recovery, officers } = await initialized();
    await stopSeals(server);
    const before = readFileSync(join(data(), "core/_keyring"));
    await rejectsWithCode(recover(staticSeal("new", "n1"), recovery), "WRONG_SHARES");
    const wrong = officers.slice(0, 3).map((share) => share.replace(/^../, "00"));
    await rejectsWithCode(recover(staticSeal("new", "n1"), wrong), "WRONG_SHARES");
    expect(readFileSync(join(data(), "core/_keyring"))).toEqual(before);
    expect(await opensBy(KMS)).toBe(true);
  });

  it("refuses a configuration without a seal to give the storage to", async () => {
    const { server, officers } = await initialized();
    await stopSeals(server);
    await rejectsWithCode(recover("", officers), "INVALID_REQUEST");
    expect(await opensBy(KMS)).toBe(true);
  });

  it("says that recovery keys do not open a storage", async () => {
    const { server, recovery } = await initialized(RECOVERY);
    await stopSeals(server);
    await expect(recover(staticSeal("new", "n1"), recovery)).rejects.toThrow(/recovery keys do not/);
  });

  it("does so where recovery_keys_unseal was on at init", async () => {
    const { server, recovery } = await initialized(
      { ...RECOVERY, accept_weaker: true },
      "recovery_keys_unseal = true\n",
    );
    await stopSeals(server);
    expect(await recover(staticSeal("new", "n1"), recovery)).toMatchObject({ recoveryShares: "kept" });
    expect(await opensBy(staticSeal("new", "n1"))).toBe(true);
  });

  it("asks whose shares where several kinds open the storage, and knows no others", async () => {
    const { server, recovery, officers } = await initialized(undefined, "recovery_keys_unseal = true\n");
    await stopSeals(server);
    const next = staticSeal("new", "n1");
    await expect(recover(next, officers)).rejects.toThrow(/say with -seal whose, officers, /);
    await expect(recover(next, officers, { sealName: "nobody" })).rejects.toThrow(/there are no shares of "nobody"/);
    expect(await recover(next, officers, { sealName: "officers" })).toMatchObject({ openedBy: "officers" });
    expect(recovery).toHaveLength(3);
  });

  it("leaves a storage alone that a server holds, and one that is not there", async () => {
    const { server, officers } = await initialized();
    await rejectsWithCode(recover(staticSeal("new", "n1"), officers), "STORAGE_LOCKED");
    await stopSeals(server);
    rmSync(data(), { recursive: true });
    await expect(recover(staticSeal("new", "n1"), officers)).rejects.toThrow(/there is no storage at/);
  });
});
