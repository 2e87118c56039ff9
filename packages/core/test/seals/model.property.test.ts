// SPDX-License-Identifier: Apache-2.0
/**
 * Any sequence of changes, outages, returns and kills: some configured seal opens the storage, no removed one does, and
 * the quorum is obeyed.
 */
import {
  CoreError,
  proveQuorum,
  Rekey,
  recoveryTarget,
  rotateRootKey,
  SealedStore,
  type SealHolding,
  type Storage,
  sealLayer,
} from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { isSealError } from "@sealwright/seal";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexRequest, rekeyed } from "../rekey/support.ts";
import { copyOf, openLastingStorage, snapshot } from "../support/storages.ts";
import { allowed, officers } from "./quorum-support.ts";
import { Kms, sharesOpen, TWO_OF_THREE } from "./support.ts";

const NAMES = ["a", "b", "c", "d"] as const;
type Name = (typeof NAMES)[number];

/** A running server's store, the services around it, and what has been agreed with people. */
class World {
  readonly storage: Storage = openLastingStorage();
  readonly kms = Object.fromEntries(NAMES.map((name) => [name, new Kms(name)])) as Record<Name, Kms>;
  readonly #layered: boolean;
  store!: SealedStore;
  /** Of the recovery key, or of the unseal key: the same people. */
  people: readonly Uint8Array[] = [];
  officers: readonly Uint8Array[] | undefined;
  /** Seals that have been removed since they were last added. */
  readonly removed = new Set<string>();
  #old: readonly Uint8Array[] | undefined;

  constructor(layered: boolean) {
    this.#layered = layered;
  }

  /** A fresh store with the given services attached, as after a kill. */
  async start(names: readonly Name[] = NAMES, storage = this.storage): Promise<SealedStore> {
    const seals = await Promise.all(names.map((name) => this.kms[name].attached(NAMES.indexOf(name) + 1)));
    return new SealedStore({
      storage,
      shares: shamir,
      seals,
      headStartMilliseconds: 1,
      sealDeadlineMilliseconds: 1_000,
      ...(this.#layered ? { layer: sealLayer } : {}),
    });
  }

  async init(): Promise<void> {
    const first = await this.start(["a"]);
    this.people = (await first.initialize({ recovery: TWO_OF_THREE })).recovery;
    this.store = await this.start();
    await this.store.unseal();
    await this.store.put("kept", Buffer.from("value"));
  }

  /** The store as after a kill and a start; where no service answers, people open it. */
  async restart(): Promise<void> {
    const next = await this.start();
    await next.unseal().catch(async (error: unknown) => {
      if (!(error instanceof CoreError || isSealError(error))) throw error;
      const seal = this.officers === undefined ? {} : { seal: "officers" };
      for (const share of (this.officers ?? this.people).slice(0, 2))
        await next.submitShare(share, seal).catch(() => {});
    });
    const people = peopleIn(await next.seals.holdings());
    if (next.sealed && people !== undefined) {
      for (const share of this.people.slice(0, 2)) await next.submitShare(share, people);
    }
    // Nobody can: the outage is over before the operators do anything else.
    if (next.sealed) {
      for (const each of Object.values(this.kms)) each.mood = "up";
      await next.unseal();
    }
    this.store = next;
    await next.seals.deliverOutstanding();
  }

  async addOfficers(): Promise<void> {
    this.officers = await allowed(this.store, officers(), this.people);
  }

  async rekeyRecovery(): Promise<void> {
    const rekey = new Rekey<readonly string[], null>(this.store, recoveryTarget);
    const fresh = await rekeyed(rekey, this.people, { ...hexRequest(), oneSealLeft: "accept" });
    this.#old = this.people;
    this.people = fresh;
  }

  /** What was asked for, or that it was refused with a code and nothing has changed. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    const before = await snapshot(this.storage);
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof CoreError || isSealError(error))) throw error;
      expect(await snapshot(this.storage)).toEqual(before);
      return false;
    }
  }

  async opensAlone(name: Name): Promise<boolean> {
    const { mood } = this.kms[name];
    this.kms[name].mood = "up";
    const store = await this.start([name], await copyOf(this.storage));
    try {
      await store.unseal();
      return (await store.get("kept"))?.toString() === "value";
    } catch (error) {
      if (error instanceof CoreError || isSealError(error)) return false;
      throw error;
    } finally {
      this.kms[name].mood = mood;
    }
  }

  async check(): Promise<void> {
    const holdings = await this.store.seals.holdings();
    const current = holdings.filter(({ kind, state, upToDate }) => kind === "auto" && state === "enabled" && upToDate);
    const opening = new Map<string, boolean>();
    for (const name of NAMES) opening.set(name, await this.opensAlone(name));
    for (const { name } of current) expect([name, opening.get(name)]).toEqual([name, true]);
    for (const { name, state } of holdings)
      if (state === "new") expect([name, opening.get(name)]).toEqual([name, false]);
    for (const name of this.removed) {
      const still = name === "shamir" ? await sharesOpen(this.storage, this.people, name) : opening.get(name);
      expect([name, still]).toEqual([name, false]);
    }
    const people = peopleIn(holdings);
    if (people !== undefined) expect(await sharesOpen(this.storage, this.people, people.seal)).toBe(true);
    const byOfficers = this.officers !== undefined && (await sharesOpen(this.storage, this.officers, "officers"));
    expect(byOfficers).toBe(holdings.some(({ name }) => name === "officers"));
    expect([...opening.values()].some((each) => each) || people !== undefined || byOfficers).toBe(true);
    expect((await this.store.get("kept"))?.toString()).toBe("value");
    const { sealConfigsAltered, numbers } = await this.store.status();
    expect(sealConfigsAltered).toBe(false);
    // The only seal that could tell their key was left behind, as was asked for.
    if (numbers.shares === 0) return;
    await this.store
      .exclusively((open) => proveQuorum(open, this.people.slice(0, 2)))
      .catch((error: unknown) => {
        // Only a seal that alone keeps the key, and is down or lies, may stand in the way.
        if (Object.values(this.kms).every(({ mood }) => mood === "up")) throw error;
      });
    const old = this.#old;
    if (old === undefined) return;
    await this.store.exclusively(async (open) => {
      await expect(proveQuorum(open, old.slice(0, 2))).rejects.toThrow();
    });
  }
}

/** What the shares of the seal of people are given for, the first seal or one that a migration has left for a while. */
function peopleIn(holdings: readonly SealHolding[]): { readonly seal?: string } | undefined {
  const people = holdings.find(({ name }) => name === "shamir");
  return people && (people.first ? {} : { seal: people.name });
}

type Command = (world: World) => Promise<unknown>;

async function removed(world: World, name: string, work: () => Promise<unknown>): Promise<void> {
  if (await world.attempt(work)) world.removed.add(name);
}

const named = (make: (name: Name) => Command): fc.Arbitrary<Command> => fc.constantFrom(...NAMES).map(make);
const labelled = (label: string, command: Command): Command =>
  Object.assign((world: World) => command(world), { [fc.toStringMethod]: () => label });

async function underWay({ store }: World): Promise<{ from: string } | undefined> {
  return store.exclusively(async ({ roster }) => roster.record.migration);
}

const command: fc.Arbitrary<Command> = fc.oneof(
  named((name) =>
    labelled(`add ${name}`, async (world) => {
      if (await world.attempt(() => world.store.seals.add(name))) world.removed.delete(name);
    }),
  ),
  named((name) =>
    labelled(`remove ${name}`, (world) =>
      removed(world, name, () => world.store.seals.remove(name, { force: "accept" })),
    ),
  ),
  named((name) =>
    labelled(`migrate to ${name}`, async (world) => {
      if (await world.attempt(() => world.store.seals.migrate(name))) world.removed.delete(name);
    }),
  ),
  fc.constant(labelled("migrate to shares", (world) => world.attempt(() => world.store.seals.migrate("shamir")))),
  fc.constant(
    labelled("finish", async (world) => {
      const from = (await underWay(world))?.from;
      const done = await world.attempt(() => world.store.seals.finishMigration({ force: "accept" }));
      if (done && from !== undefined) world.removed.add(from);
    }),
  ),
  fc.constant(labelled("undo", (world) => world.attempt(() => world.store.seals.undoMigration()))),
  fc.constant(
    labelled("new root key", (world) => world.attempt(() => rotateRootKey(world.store, undefined, "accept"))),
  ),
  fc.constant(labelled("rotate", (world) => world.attempt(() => world.store.rotate()))),
  fc.constant(labelled("rekey", (world) => world.attempt(() => world.rekeyRecovery()))),
  fc.constant(labelled("rewrap", (world) => world.store.seals.rewrapRootKey().catch(() => undefined))),
  fc.constant(labelled("officers", (world) => world.attempt(() => world.addOfficers()))),
  fc.constant(
    labelled("no officers", async (world) => {
      await world.attempt(() => world.store.seals.remove("officers", { force: "accept" }));
    }),
  ),
  named((name) =>
    labelled(`${name} down`, async ({ kms }) => {
      kms[name].mood = "down";
    }),
  ),
  named((name) =>
    labelled(`${name} is flaky`, async ({ kms }) => {
      kms[name].mood = "flaky";
    }),
  ),
  named((name) =>
    labelled(`${name} lies`, async ({ kms }) => {
      kms[name].mood = "lying";
    }),
  ),
  named((name) =>
    labelled(`${name} is back`, async ({ kms, store }) => {
      kms[name].mood = "up";
      await store.seals.deliverOutstanding();
    }),
  ),
  fc.constant(labelled("kill", (world) => world.restart())),
);

describe("any sequence of changes, outages and kills", () => {
  it.each(["with", "without"])(
    "keeps one seal that opens, and no removed one, %s the seals' layer",
    async (layer) => {
      const property = fc.asyncProperty(fc.array(command, { maxLength: 18 }), async (commands) => {
        const world = new World(layer === "with");
        await world.init();
        for (const each of commands) {
          await each(world);
          await world.check();
        }
      });
      await fc.assert(property, { numRuns: 120 });
    },
    60_000,
  );
});
