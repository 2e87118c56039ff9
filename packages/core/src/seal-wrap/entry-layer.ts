// SPDX-License-Identifier: Apache-2.0
/**
 * Seal wrap: a second layer by the seals around the barrier's own, for the keyring and the root key for standbys. The
 * sealed root key and the recovery key are under the seal anyhow and never get it.
 */
import { isSealError, type Seal, type SealedBlob } from "@sealwright/seal";
import type { WrapKeyring } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { KEYRING, ROOT_KEY } from "../paths.ts";
import { type Answers, type Asking, askAll, refusalOf } from "../seals/ask-all.ts";
import { type Outstanding, settledOrNoted } from "../seals/outstanding.ts";
import { checkReach, holdersIn, type Reach } from "../seals/reach.ts";
import type { SealMember } from "../seals/seal-record.ts";
import type { Keeper, SealView } from "../seals/seal-view.ts";
import type { Change, Storage } from "../storage.ts";
import { readTally } from "./wrap-tally.ts";
import { decodeWrapped, encodeWrapped } from "./wrapped-entry.ts";

/** The entries that have a layer, where there is one. */
export const LAYERED_PATHS: readonly string[] = [KEYRING, ROOT_KEY];

/** What {@link LAYERED_PATHS} go through on their way to storage. */
export interface EntryLayer {
  /** Goes on without a seal that does not answer, and notes that. Rejects where the seals' reach is not what it has to be. */
  readonly wrap: WrapKeyring;
  /** Rejects unless every seal that opens the entry in storage opens the new one too. */
  readonly wrapForAll: WrapKeyring;
  /** Whether `stored` is in the form that `wrap` gives, whichever keys it was, but for what is `outstanding`. */
  fits(path: string, stored: Uint8Array, outstanding: readonly Outstanding[]): boolean;
}

/** The seals that a layer is by. */
export interface LayerSeals {
  /** As they are at the moment of asking. */
  view(): SealView;
  outstanding(): Promise<readonly Outstanding[]>;
  readonly asking: Omit<Asking, "signal">;
  /** What an entry has to reach: one of the seals that have the root key of now, unless given. */
  readonly reach?: Reach;
}

/** Makes the layer of a store by its seals. */
export type MakeLayer = (seals: LayerSeals) => EntryLayer;

function bare(path: string, value: Uint8Array): readonly Change[] {
  return [{ op: "put", path, value }];
}

/** No layer: entries as the barrier's format has them, which OpenBao reads. */
export const noLayer: EntryLayer = {
  wrap: async (path, entry) => bare(path, entry),
  wrapForAll: async (path, entry) => bare(path, entry),
  fits: (_path, stored) => decodeWrapped(stored) === undefined,
};

/** How many slots an entry in storage has: 0 for none that is wrapped. */
function slotsOf(stored: Uint8Array): number {
  return (decodeWrapped(stored) ?? []).filter(({ wrapped }) => wrapped === true).length;
}

/**
 * The layer by `seals`, without additional data: the entry inside is bound to its path. Where people alone open the
 * storage there is none.
 */
export const sealLayer: MakeLayer = (seals) => {
  const ask = (keepers: readonly Keeper[], entry: Uint8Array, signal?: AbortSignal): Promise<Answers<SealedBlob>> =>
    askAll(keepers, { ...seals.asking, signal }, ({ seal }, limit) => seal.wrap(entry, { signal: limit }));
  return {
    async wrap(path, entry, signal) {
      const view = seals.view();
      const { record, expected, keepers } = view;
      if (byPeople(expected)) return bare(path, entry);
      const answers = await ask(keepers, entry, signal);
      const { answered } = answers;
      checkReach(await reachOf(seals, view), view, answers, path);
      const value = encodeWrapped([...answered.values()], record.generation);
      return [{ op: "put", path, value }, ...settledOrNoted(record, expected, [...answered.keys()], path)];
    },
    async wrapForAll(path, entry, signal) {
      const { record, expected, keepers } = seals.view();
      if (byPeople(expected)) return bare(path, entry);
      const outstanding = await seals.outstanding();
      const due = without(expected, path, outstanding);
      const absent = due.filter(({ name }) => !keepers.some((each) => each.name === name));
      const refusal = `${path} would be opened by fewer seals than before`;
      if (absent.length > 0) {
        const names = absent.map(({ name }) => name).join(", ");
        throw new CoreError("NO_SEAL_ANSWERS", `${refusal}: not configured here: ${names}`);
      }
      const { answered, failed } = await ask(without(keepers, path, outstanding), entry, signal);
      if (answered.size < due.length || due.length === 0) throw refusalOf(failed, refusal);
      return [{ op: "put", path, value: encodeWrapped([...answered.values()], record.generation) }];
    },
    fits(path, stored, outstanding) {
      const { expected } = seals.view();
      if (byPeople(expected)) return noLayer.fits(path, stored, outstanding);
      return slotsOf(stored) === without(expected, path, outstanding).length;
    },
  };
};

async function reachOf({ outstanding, reach }: LayerSeals, view: SealView): Promise<Reach> {
  return reach ?? { holders: holdersIn(view, await outstanding()), needed: [], oneSealLeft: "accept" };
}

/** Where people alone open the storage there is no layer. */
function byPeople(expected: readonly SealMember[]): boolean {
  return expected.every(({ kind }) => kind === "shares");
}

/** `seals` less those that are still to get a slot at `path`. */
function without<S extends { readonly name: string }>(
  seals: readonly S[],
  path: string,
  outstanding: readonly Outstanding[],
): readonly S[] {
  return seals.filter(({ name }) => !outstanding.some((each) => each.seal === name && each.path === path));
}

/** The paths of entries in `storage` that have a layer now. */
export async function layeredPaths(storage: Storage): Promise<readonly string[]> {
  const stored = await Promise.all(LAYERED_PATHS.map((path) => storage.get(path)));
  return LAYERED_PATHS.filter((_, index) => {
    const entry = stored[index];
    return entry !== undefined && decodeWrapped(entry) !== undefined;
  });
}

/** How the keyring in `storage` is written now: with the seals' layer, or without. */
export async function layerOf(storage: Storage): Promise<MakeLayer> {
  return (await layeredPaths(storage)).includes(KEYRING) ? sealLayer : () => noLayer;
}

/**
 * Takes the layer off an entry that was read at `path`, if it has one. Rejects with `WRONG_SEAL`, naming the keys that
 * would do, where no seal at hand opens it, and with what a seal rejects with.
 */
export type RemoveLayer = (path: string, stored: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array>;

const MAX_SHOWN = 80;

/**
 * Reads what any layer's form is, by the first of `seals` that opens it; none where no seal is at hand. `storage` is asked
 * which seals the keys belong to that would do. The slot under the key called `keyId` is tried first, if there is one: a
 * seal that is handed another's is asked in vain, and what it says of it looks like a failure of its own.
 */
export function layerReader(seals: readonly Seal[], storage: Storage, keyId?: string): RemoveLayer {
  return async (path, stored, signal) => {
    const inOrder = decodeWrapped(stored);
    if (inOrder === undefined) return stored;
    const slots = inOrder.toSorted((a, b) => Number(isUnder(b, keyId)) - Number(isUnder(a, keyId)));
    const plain = slots.find(({ wrapped }) => wrapped !== true);
    if (plain !== undefined) return plain.ciphertext;
    let failure: unknown;
    for (const seal of seals) {
      const opened = await openSlot(seal, slots, signal).catch((error: unknown) => {
        failure = error;
      });
      if (opened !== undefined) return opened;
    }
    if (seals.length > 0 && !isNotIts(failure)) throw failure;
    const needed = `${path} is seal-wrapped, and needs ${await namesOf(slots, storage)}`;
    if (seals.length === 0) throw new CoreError("WRONG_SEAL", `${needed}: no auto seal is configured`);
    const types = [...new Set(seals.map(({ type }) => type))].join(", ");
    const message = `${needed}: the seal at hand (${types}) does not open it, or it was altered`;
    throw new CoreError("WRONG_SEAL", message, { cause: failure });
  };
}

/** The seals that made `slots`, by their types where they are known, and the names of their keys. */
async function namesOf(slots: readonly SealedBlob[], storage: Storage): Promise<string> {
  const tally = await readTally(storage);
  const names = slots.map(({ keyInfo }) => {
    const keyId = keyInfo?.keyId ?? "";
    const type = tally.find((each) => each.keyId === keyId)?.type;
    // Both come out of storage: quoted, and cut.
    const shown = (text: string): string => JSON.stringify(text.slice(0, MAX_SHOWN));
    return `the ${type === undefined ? "" : `${shown(type)} `}seal whose key is called ${shown(keyId)}`;
  });
  return names.join(" or ");
}

function isUnder({ keyInfo }: SealedBlob, keyId: string | undefined): boolean {
  return keyId !== undefined && (keyInfo?.keyId ?? "") === keyId;
}

/** Whether a seal has said that a blob is not one of its own, rather than that it cannot answer. */
function isNotIts(error: unknown): boolean {
  return isSealError(error, "SEAL_BAD_CIPHERTEXT") || isSealError(error, "SEAL_KEY_MISSING");
}

async function openSlot(seal: Seal, slots: readonly SealedBlob[], signal?: AbortSignal): Promise<Uint8Array> {
  let refusal: unknown;
  for (const slot of slots) {
    try {
      return await seal.unwrap(slot, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!isNotIts(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
