// SPDX-License-Identifier: Apache-2.0
/** Saving the count with the keyring: off the path of requests, through whatever layer the keyring has. */
import { abandonable, isSealError } from "@sealwright/seal";
import { type KeyringHome, keyringEntry } from "../commit.ts";
import { type Keyring, withEncryptions } from "../keyring.ts";
import type { CountSave, CountSaveOutcome } from "../observer.ts";
import type { Change, Storage } from "../storage.ts";
import { setAside } from "./resume.ts";

/** How long a save may wait for the keyring's layer. Once a batch is on its way to disk, it is not given up. */
export interface SaveLimits {
  readonly timeoutMilliseconds: number;
  /** Milliseconds, going up. */
  readonly clock: () => number;
}

type Home = Pick<KeyringHome, "barrier" | "wrapKeyring">;

/** The keyring's entry, or a rejection once the time is up; a late answer of the layer's seals is dropped. */
async function entryInTime(keyring: Keyring, { wrapKeyring }: Home, limit: AbortSignal): Promise<readonly Change[]> {
  return abandonable(keyringEntry(keyring, { wrapKeyring, signal: limit }), limit, "saving the encryption count");
}

/** Runs `save` with a signal that aborts when the time is up, and tells how it went. Never rejects. */
async function timed(
  limits: SaveLimits,
  about: Pick<CountSave, "encryptions" | "occasion">,
  save: (limit: AbortSignal) => Promise<CountSaveOutcome>,
): Promise<CountSave> {
  const { timeoutMilliseconds, clock } = limits;
  const began = clock();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMilliseconds);
  const ended = (outcome: CountSaveOutcome, error?: unknown): CountSave => ({
    ...about,
    outcome,
    milliseconds: clock() - began,
    timeoutMilliseconds,
    ...(error === undefined ? {} : { error }),
  });
  try {
    return ended(await save(deadline.signal));
  } catch (error) {
    // A storage that fails later than that is no seal that took too long.
    const late = deadline.signal.aborted && isSealError(error, "SEAL_TIMEOUT");
    return ended(late ? "timeout" : "failed", error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Saves the count of an open store: a snapshot, which is written unless the keyring was replaced meanwhile. Undefined
 * where the saved count is right already. Rejects with `SEALED` at once, and then never.
 */
export async function saveCount(home: Home, limits: SaveLimits): Promise<CountSave | undefined> {
  const { keyring, encryptions } = home.barrier;
  if (encryptions === keyring.active.encryptions) return undefined;
  const counted = withEncryptions(keyring, encryptions);
  return timed(limits, { encryptions, occasion: "interval" }, async (limit) => {
    const entry = await entryInTime(counted, home, limit);
    return (await home.barrier.replaceCount(keyring, counted, entry)) ? "saved" : "superseded";
  });
}

/**
 * Locks the barrier and saves its count, exactly: the ceiling is set aside in the same batch. Where that fails the
 * ceiling stays in force. Undefined where there was nothing to save.
 */
export async function lockAndSave(home: Home, storage: Storage, limits: SaveLimits): Promise<CountSave | undefined> {
  const last = home.barrier.lock();
  if (last === undefined || (!last.moved && last.ceiling === undefined)) return undefined;
  const { keyring, moved, ceiling, turn } = last;
  return timed(limits, { encryptions: keyring.active.encryptions, occasion: "sealing" }, async (limit) => {
    const counted = moved ? await entryInTime(keyring, home, limit) : [];
    await turn.run(() => storage.write([...counted, ...setAside(ceiling)]));
    return "saved";
  });
}
