// SPDX-License-Identifier: Apache-2.0
/** Every file-system call of every ceremony fails in turn; a fresh core obeys the old shares or the new ones. */
import {
  Authorization,
  barrierTarget,
  type Delivery,
  type KeptConfigs,
  paths,
  presentQuorum,
  Rekey,
  rotateRootKey,
  type SealedStore,
  type Storage,
  sealConfigConfirmation,
} from "@sealwright/core";
import { openFileStorage } from "@sealwright/storage/file";
import { describe, expect, it } from "vitest";
import { type Fault, SimulatedDisk } from "../../../storage/test/simulated-disk.ts";
import { alter } from "../support/storages.ts";
import {
  autoKind,
  bytes,
  hexRequest,
  type Kind,
  obeys,
  rekeyOf,
  type Shares,
  shamirKind,
  TWO_OF_THREE,
} from "./support.ts";

const ROOT = "/srv/data";

/** The step of a ceremony that commits, prepared up to it. */
interface Prepared {
  commit(): Promise<unknown>;
  /** The shares that are obeyed once it has committed. */
  readonly after: Shares;
}

interface Case {
  readonly name: string;
  readonly kind: Kind;
  /** Shares that are obeyed after it are others than before. */
  readonly replaces: boolean;
  prepare(store: SealedStore, shares: Shares, storage: Storage): Promise<Prepared>;
}

/** A request that shows the shares that were made, whether or not they were answered. */
function spied(options: Partial<ReturnType<typeof hexRequest>> = {}) {
  const made: Uint8Array[] = [];
  const deliver = async (shares: Shares): Promise<Delivery<readonly string[]>> => {
    const hex = shares.map((share) => Buffer.from(share).toString("hex"));
    made.splice(0, made.length, ...bytes(hex));
    return { answer: hex, entries: [{ op: "put", path: "core/unseal-keys-backup", value: Buffer.from("backup") }] };
  };
  return { made, request: hexRequest(TWO_OF_THREE, { deliver, ...options }) };
}

function rekeyCase(kind: Kind, name: string, term: "keep" | "add"): Case {
  return {
    name,
    kind,
    replaces: true,
    async prepare(store, shares) {
      const { made, request } = spied({ term });
      const rekey = rekeyOf({ store, kind });
      const { nonce } = await rekey.start(request);
      await rekey.submit(nonce, shares[0]!);
      return { commit: () => rekey.submit(nonce, shares[1]!), after: made };
    },
  };
}

function proofCase(kind: Kind, name: string): Case {
  return {
    name,
    kind,
    replaces: true,
    async prepare(store, shares) {
      const { made, request } = spied({ verification: "prove" });
      const rekey = rekeyOf({ store, kind });
      const { nonce } = await rekey.start(request);
      await rekey.submit(nonce, shares[0]!);
      await rekey.submit(nonce, shares[1]!);
      const proof = rekey.current?.verifying?.nonce ?? "";
      await rekey.verify(proof, made[0]!);
      return { commit: () => rekey.verify(proof, made[2]!), after: made };
    },
  };
}

const cases: readonly Case[] = [
  rekeyCase(shamirKind, "a rekey of unseal shares", "keep"),
  rekeyCase(shamirKind, "a rekey of unseal shares in wrong hands", "add"),
  rekeyCase(autoKind, "a rekey of recovery shares", "keep"),
  rekeyCase(autoKind, "a rekey of recovery shares in wrong hands", "add"),
  proofCase(shamirKind, "the proof of new unseal shares"),
  proofCase(autoKind, "the proof of new recovery shares"),
  {
    name: "a rekey of an auto seal's root key",
    kind: autoKind,
    replaces: false,
    async prepare(store, shares) {
      const rekey = new Rekey<readonly string[], null>(store, barrierTarget);
      const { nonce } = await rekey.start(hexRequest({ shares: 0, threshold: 0 }));
      await rekey.submit(nonce, shares[0]!);
      return { commit: () => rekey.submit(nonce, shares[1]!), after: shares };
    },
  },
  ...[shamirKind, autoKind].map(
    (kind): Case => ({
      name: `a new root key without a quorum, under ${kind.name}`,
      kind,
      replaces: false,
      prepare: async (store, shares) => ({ commit: () => rotateRootKey(store), after: shares }),
    }),
  ),
  {
    name: "a permission",
    kind: shamirKind,
    replaces: false,
    async prepare(store, shares) {
      const authorization = new Authorization<null, null>(store, "test");
      const { nonce } = await authorization.start(null, {
        numbers: presentQuorum,
        carryOut: async ({ barrier }) => {
          await barrier.put("granted", Buffer.from("yes"));
          return null;
        },
      });
      await authorization.submit(nonce, shares[0]!);
      return { commit: () => authorization.submit(nonce, shares[1]!), after: shares };
    },
  },
  {
    name: "a confirmation of the seal configuration",
    kind: autoKind,
    replaces: false,
    async prepare(store, shares, storage) {
      await alter(storage, paths.RECOVERY_CONFIG, (value) =>
        Buffer.from(value.toString().replace('"secret_shares":3', '"secret_shares":4')),
      );
      const confirmation = new Authorization<KeptConfigs, null>(store, "test");
      const { nonce } = await confirmation.start(null, sealConfigConfirmation("written"));
      await confirmation.submit(nonce, shares[0]!);
      return { commit: () => confirmation.submit(nonce, shares[1]!), after: shares };
    },
  },
];

const fails: Fault = () => {
  throw Object.assign(new Error("EIO"), { code: "EIO" });
};
const failsAfterwards: Fault = (call) => {
  call();
  throw Object.assign(new Error("EIO, though it was done"), { code: "EIO" });
};

/** A new process on the disk of a dead one: the lock names this very process, which plays the dead one. */
async function reopened(disk: SimulatedDisk): Promise<Storage> {
  for (const file of disk.files()) if (file.includes("/lock")) await disk.remove(file);
  return openFileStorage({ path: ROOT, fs: disk });
}

/** A disk with an initialised store and one entry, as it is after a clean stop. */
async function initialDisk(kind: Kind): Promise<{ disk: SimulatedDisk; shares: Shares }> {
  const disk = new SimulatedDisk();
  const store = await kind.store(await openFileStorage({ path: ROOT, fs: disk }));
  const shares = await kind.initialize(store, TWO_OF_THREE);
  await kind.unseal(store, shares.slice(0, 2));
  await store.put("kept", Buffer.from("value"));
  await store.close();
  return { disk, shares };
}

/** Runs a case on a copy of `initial` up to its commit, whose calls from the first to the last meet `fault`. */
async function run(it: Case, initial: SimulatedDisk, shares: Shares, calls: readonly [number, number], fault: Fault) {
  const disk = initial.afterKill();
  const storage = await reopened(disk);
  const store = await it.kind.store(storage);
  await it.kind.unseal(store, shares.slice(0, 2));
  const { commit, after } = await it.prepare(store, shares, storage);
  disk.calls = 0;
  disk.fault = (call, name) => {
    if (disk.calls < calls[0] || disk.calls > calls[1]) call();
    else fault(call, name);
  };
  const done = await commit().then(
    () => true,
    () => false,
  );
  const counted = disk.calls;
  disk.fault = (call) => call();
  return { disk, done, after, calls: counted };
}

/** Which shares a fresh core on `disk` obeys, its data being whole. */
async function obeyed(it: Case, disk: SimulatedDisk, before: Shares, after: Shares): Promise<"old" | "new"> {
  const obeysOld = await obeys(it.kind, await reopened(disk.afterKill()), before.slice(1));
  if (!it.replaces) {
    expect(obeysOld).toBe(true);
    return "old";
  }
  const obeysNew = after.length > 0 && (await obeys(it.kind, await reopened(disk.afterKill()), after.slice(1)));
  expect([obeysOld, obeysNew].filter(Boolean), "neither or both").toHaveLength(1);
  return obeysNew ? "new" : "old";
}

describe.each(cases)("$name", (it_) => {
  it("leaves the old shares or the new ones in force, whichever call of its commit fails, once or for good", async () => {
    const { disk: initial, shares } = await initialDisk(it_.kind);
    const { calls, after: made, disk: clean } = await run(it_, initial, shares, [0, -1], fails);
    expect(await obeyed(it_, clean, shares, made)).toBe(it_.replaces ? "new" : "old");
    expect(calls).toBeGreaterThan(5);
    for (let k = 1; k <= calls; k++) {
      for (const fault of [fails, failsAfterwards]) {
        for (const last of [k, Number.POSITIVE_INFINITY]) {
          const { disk, done, after } = await run(it_, initial, shares, [k, last], fault);
          const killed = await obeyed(it_, disk, shares, after);
          const unplugged = await obeyed(it_, disk.afterPowerLoss(), shares, after);
          const rests = [killed, unplugged];
          if (done && it_.replaces) expect(rests, `call ${k} of a kept commit`).toEqual(["new", "new"]);
          if (!done && last === k) expect(rests, `call ${k} of a refused commit`).toEqual(["old", "old"]);
        }
      }
    }
  }, 60_000);
});
