// SPDX-License-Identifier: Apache-2.0
/**
 * Rewrites the layered entries by the layer of now, in the background: after seal wrap was turned on or off, and when an
 * operator asks because the seal's key has changed. Each entry is one batch with the place that it leaves.
 */
import { type KeyringHome, keyringEntry, rootKeyEntry } from "../commit.ts";
import { CoreError } from "../errors.ts";
import { withEncryptions } from "../keyring.ts";
import type { StoreObserver } from "../observer.ts";
import { KEYRING, STORED_KEYS } from "../paths.ts";
import { listOutstanding } from "../seals/outstanding.ts";
import type { Change, Storage } from "../storage.ts";
import { type EntryLayer, LAYERED_PATHS } from "./entry-layer.ts";
import { after, FROM_THE_START, placeChange, type RewrapPlace, readPlace } from "./rewrap-place.ts";

/** What can be told of a rewrap. All zeros before the first one of the process. */
export interface RewrapStatus {
  readonly running: boolean;
  /** Entries that were tried: those that succeeded, and those that failed and are still to be done. */
  readonly processed: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** An open store, as a rewrap needs it. */
export interface RewrapHome extends KeyringHome {
  readonly storage: Storage;
  readonly fits: EntryLayer["fits"];
}

/** What is rewritten, and who is told. */
export interface RewrapOptions {
  /** The open store's; undefined while it is sealed or where it is foreign, which is never rewritten. */
  readonly home: () => RewrapHome | undefined;
  /** Moves what is under a seal and has no layer, the root key and the recovery key, when an operator asks. */
  readonly rewrapRootKeys: () => Promise<unknown>;
  readonly observer: StoreObserver;
}

/** The rewraps of a store: one at a time, each to its end over restarts. */
export class Rewrap {
  readonly #options: RewrapOptions;
  #running: Promise<void> | undefined;
  #succeeded = 0;
  #failed = 0;

  constructor(options: RewrapOptions) {
    this.#options = options;
  }

  get status(): RewrapStatus {
    return {
      running: this.#running !== undefined,
      processed: this.#succeeded + this.#failed,
      succeeded: this.#succeeded,
      failed: this.#failed,
    };
  }

  /**
   * Begins to rewrite every entry, and resolves once that is noted in storage; or answers `running` where one is under
   * way. Rejects with `SEALED`, and with what the storage rejects with.
   */
  async start(): Promise<"started" | "running"> {
    const home = this.#options.home();
    if (home === undefined) throw new CoreError("SEALED", "the store is sealed, or its storage is read only");
    if (this.#running !== undefined) return "running";
    const noted = home.storage.write([placeChange(FROM_THE_START)]);
    this.#run(noted.then(() => this.#rewriteEverything()));
    await noted;
    return "started";
  }

  /** Goes on with what an earlier one left, or begins where entries are not in the layer's form. Never rejects. */
  async resume(): Promise<void> {
    if (this.#running === undefined) {
      const due = await this.#due();
      if (due !== undefined && this.#running === undefined) this.#run(this.#rewriteAll(due));
    }
    await this.#running;
  }

  #run(work: Promise<void>): void {
    this.#running = work
      .catch((error: unknown) => this.#options.observer.rewrapFailed(undefined, error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #due(): Promise<RewrapPlace | undefined> {
    const { home, observer } = this.#options;
    const open = home();
    if (open === undefined) return undefined;
    try {
      const place = (await readPlace(open.storage)) ?? (await misfits(open));
      return place.left.length > 0 ? place : undefined;
    } catch (error) {
      if (home() !== undefined) observer.rewrapFailed(undefined, error);
      return undefined;
    }
  }

  async #rewriteEverything(): Promise<void> {
    try {
      await this.#options.rewrapRootKeys();
    } catch (error) {
      if (this.#options.home() === undefined) return;
      this.#options.observer.rewrapFailed(STORED_KEYS, error);
    }
    await this.#rewriteAll(FROM_THE_START);
  }

  async #rewriteAll(start: RewrapPlace): Promise<void> {
    this.#succeeded = start.succeeded;
    this.#failed = 0;
    let place = start;
    for (const path of start.left) {
      const next = after(place, path);
      try {
        await this.#rewrite(path, placeChange(next));
        place = next;
        this.#succeeded++;
      } catch (error) {
        // Sealed meanwhile: the place stands, and the next unseal goes on from there.
        if (this.#options.home() === undefined) return;
        this.#failed++;
        this.#options.observer.rewrapFailed(path, error);
      }
    }
    this.#options.observer.rewrapEnded(this.status);
  }

  /** Writes the entry at `path` anew, unless the keyring was replaced meanwhile: then again, by the one of then. */
  async #rewrite(path: string, place: Change): Promise<void> {
    for (;;) {
      const home = this.#options.home();
      if (home === undefined) throw new CoreError("SEALED", "the store is sealed");
      const { barrier } = home;
      const { keyring } = barrier;
      const counted = path === KEYRING ? withEncryptions(keyring, barrier.encryptions) : keyring;
      const entry = await (path === KEYRING ? keyringEntry(counted, home) : rootKeyEntry(home));
      if (await barrier.replaceCount(keyring, counted, [...entry, place])) return;
    }
  }
}

/** The place of a rewrap of those entries that do not stand as they should. */
async function misfits({ storage, fits }: RewrapHome): Promise<RewrapPlace> {
  const stored = await Promise.all(LAYERED_PATHS.map((path) => storage.get(path)));
  const outstanding = await listOutstanding(storage);
  const left = LAYERED_PATHS.filter((path, index) => {
    const entry = stored[index];
    return entry !== undefined && !fits(path, entry, outstanding);
  });
  return { left, succeeded: 0 };
}
