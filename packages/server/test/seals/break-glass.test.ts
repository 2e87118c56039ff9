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
    const { status, body } = await unseal(officers[1]);
    expect({ status, sealed: body.sealed, progress: body.progress }).toEqual({
      status: 200,
      sealed: true,
      progress: 0,
    });
    expect(body.share_seals).toEqual([{ name: "officers", t: 3, n: 5, progress: 2, nonce: expect.any(String) }]);
    expect(body.state_reason).toBe(
      'sealed: waiting for the seal "kms"; or for shares of the seal "officers" (2 of 3 given)',
    );
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

describe("officers' shares by a ceremony", () => {
  const begin = (more: object = {}) => ({ name: "officers", secret_shares: 5, secret_threshold: 3, ...more });

  it("are added with the leave of the recovery quorum, and open the store", async () => {
    const { server, recovery, token } = await initialized(RECOVERY);
    const started = await server.call("PUT", "sys/seals/shares/start", begin(), token);
    expect(started).toMatchObject({
      status: 200,
      body: { started: true, name: "officers", n: 5, t: 3, progress: 0, required: 2 },
    });
    const { nonce } = started.body;
    const give = (key = "") => server.call("PUT", "sys/seals/shares/update", { nonce, key });
    expect(await give(recovery[0])).toMatchObject({ body: { progress: 1 } });
    expect(await server.call("GET", "sys/seals/shares/attempt")).toMatchObject({ body: { nonce, progress: 1 } });
    const { body } = await give(recovery[1]);
    expect(body).toMatchObject({ complete: true });
    const officers = body.keys as string[];
    expect(officers).toHaveLength(5);
    await server.running.store.seal();
    for (const key of officers.slice(0, 3)) await server.call("PUT", "sys/unseal", { key, seal: "officers" });
    expect(server.running.store.sealed).toBe(false);
    expect(server.lines.join("")).toMatch(/WARN.*officers' shares were added.*seal=officers/);
  });

  it("are made at once where nobody holds recovery shares", async () => {
    const { server, token } = await initialized({});
    const { status, body } = await server.call("PUT", "sys/seals/shares/start", begin(), token);
    expect(status).toBe(200);
    expect(body).toMatchObject({ complete: true, pgp_fingerprints: null });
    expect(body.keys).toHaveLength(5);
  });

  it.each([
    [begin({ secret_threshold: 6 }), /invalid seal configuration/],
    [begin({ name: "kms" }), /is there already/],
    [begin({ name: "" }), /expected a name/],
    [begin({ secret_shares: 1, secret_threshold: 1 }), /would be the weakest/],
    [begin({ pgp_keys: ["AAAA"] }), /count mismatch/],
  ])("are refused with %j", async (fields, message) => {
    const { server, token } = await initialized(RECOVERY);
    const { status, body } = await server.call("PUT", "sys/seals/shares/start", fields, token);
    expect(status).toBe(400);
    expect(String(body.errors)).toMatch(message);
    expect((await server.call("GET", "sys/seals/shares/attempt")).body).toEqual({ started: false });
  });

  it("need a token with sudo to begin, the nonce to go on, and shares of the present quorum", async () => {
    const { server, recovery, token } = await initialized(RECOVERY);
    expect(await server.call("PUT", "sys/seals/shares/start", begin())).toMatchObject({ status: 403 });
    const give = (nonce: unknown, key = "") => server.call("PUT", "sys/seals/shares/update", { nonce, key });
    expect((await give("x", recovery[0])).status).toBe(400);
    const { body } = await server.call("PUT", "sys/seals/shares/start", begin(), token);
    expect((await server.call("PUT", "sys/seals/shares/start", begin(), token)).status).toBe(400);
    expect((await give("x", recovery[0])).status).toBe(400);
    expect((await give(body.nonce, "")).status).toBe(400);
    await give(body.nonce, recovery[0]);
    expect((await give(body.nonce, `00${recovery[1]?.slice(2)}`)).status).toBe(400);
    const holdings = await server.running.store.seals.holdings();
    expect(holdings.map(({ name }) => name)).toEqual(["kms"]);
  });
});

describe("a rekey of officers' shares", () => {
  const path = "sys/seals/shares/officers/rekey";
  const numbers = { secret_shares: 3, secret_threshold: 2 };

  it("makes new ones with the leave of the recovery quorum, and the old ones open nothing", async () => {
    const { server, officers, recovery, token } = await initialized();
    const started = await server.call("PUT", `${path}/init`, numbers, token);
    expect(started).toMatchObject({ status: 200, body: { data: { started: true, n: 3, t: 2, required: 2 } } });
    const { nonce } = started.body.data as { nonce: string };
    await server.call("PUT", `${path}/update`, { nonce, key: recovery[0] }, token);
    const { body } = await server.call("PUT", `${path}/update`, { nonce, key: recovery[1] }, token);
    const { keys } = body.data as { keys: string[] };
    expect(keys).toHaveLength(3);
    expect(server.lines.join("")).toMatch(/officers' \(officers\) rekey done/);
    await stopSeals(server);
    await rejectsWithCode(recover(staticSeal("new", "n1"), officers), "WRONG_SHARES");
    expect(await recover(staticSeal("new", "n1"), keys)).toMatchObject({ openedBy: "officers" });
  });

  it("needs a token with sudo, officers of that name, and keeps no backup", async () => {
    const { server, token } = await initialized();
    expect(await server.call("PUT", `${path}/init`, numbers)).toMatchObject({ status: 403 });
    for (const name of ["nobody", "kms"]) {
      const { status, body } = await server.call("PUT", `sys/seals/shares/${name}/rekey/init`, numbers, token);
      expect(status).toBe(400);
      expect(String(body.errors)).toContain(`no seal of officers' shares called "${name}"`);
    }
    const backup = await server.call("PUT", `${path}/init`, { ...numbers, backup: true }, token);
    expect(backup.status).toBe(400);
    expect(await server.call("GET", `${path}/init`, {}, token)).toMatchObject({ body: { data: { started: false } } });
  });
});

describe("recovery keys that unseal", () => {
  it("are a matter of the recovery quorum, and a line of configuration is told so", async () => {
    const first = await initialized(RECOVERY);
    await stopSeals(first.server);
    const server = await startSeals(`${KMS}recovery_keys_unseal = true\n`, storage());
    await server.running.store.unseal();
    await expect.poll(() => server.lines.join("")).toMatch(/WARN.*no effect before a quorum allows it/);
    const { body } = await server.call("PUT", "sys/seals/recovery-keys/start", { accept_weaker: true }, first.token);
    const give = (key = "") => server.call("PUT", "sys/seals/recovery-keys/update", { nonce: body.nonce, key });
    await give(first.recovery[0]);
    expect(await give(first.recovery[1])).toMatchObject({
      status: 200,
      body: { complete: true, warning: expect.stringContaining("stolen backup") },
    });
    await stopSeals(server);
    expect(await recover(staticSeal("new", "n1"), first.recovery)).toMatchObject({ openedBy: "recovery-keys" });
  });

  it("end by a new recovery key, which opens nothing, and neither does the old one", async () => {
    const { server, recovery, token } = await initialized(
      { ...RECOVERY, accept_weaker: true },
      "recovery_keys_unseal = true\n",
    );
    const off = "sys/seals/recovery-keys/off";
    expect(await server.call("PUT", `${off}/init`, { secret_shares: 3, secret_threshold: 2 })).toMatchObject({
      status: 403,
    });
    const started = await server.call("PUT", `${off}/init`, { secret_shares: 3, secret_threshold: 2 }, token);
    const { nonce } = started.body.data as { nonce: string };
    await server.call("PUT", `${off}/update`, { nonce, key: recovery[0] }, token);
    const done = await server.call("PUT", `${off}/update`, { nonce, key: recovery[1] }, token);
    expect(done).toMatchObject({ status: 200, body: { data: { complete: true } } });
    const { keys } = done.body.data as { keys: string[] };
    expect(keys).toHaveLength(3);
    await stopSeals(server);
    for (const shares of [recovery, keys]) {
      await expect(recover(staticSeal("new", "n1"), shares)).rejects.toThrow(/no shares open this storage/);
    }
    expect(await opensBy(KMS)).toBe(true);
  });

  it("end only where they unseal", async () => {
    const { server, token } = await initialized(RECOVERY);
    const body = { secret_shares: 3, secret_threshold: 2 };
    expect((await server.call("PUT", "sys/seals/recovery-keys/off/init", body, token)).status).toBe(400);
  });

  it("are not ended by a token alone", async () => {
    const { server, recovery, token } = await initialized(
      { ...RECOVERY, accept_weaker: true },
      "recovery_keys_unseal = true\n",
    );
    const removed = await server.call("PUT", "sys/seals/remove", { name: "recovery-keys", force: true }, token);
    expect(removed.status).toBe(400);
    expect(JSON.stringify(removed.body)).toContain("operator recovery-keys-off");
    await stopSeals(server);
    expect(await recover(staticSeal("new", "n1"), recovery)).toMatchObject({ seals: ["new"] });
  });

  it("need sudo to begin", async () => {
    const { server } = await initialized(RECOVERY);
    expect(await server.call("PUT", "sys/seals/recovery-keys/start")).toMatchObject({ status: 403 });
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
