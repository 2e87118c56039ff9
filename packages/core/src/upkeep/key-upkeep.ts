// SPDX-License-Identifier: Apache-2.0
/** What an open store does for its keys by itself: saves the count of encryptions, and rotates before it is too high. */
import type { OpenStore } from "../authority.ts";
import type { KeyringHome } from "../commit.ts";
import { rotateKeyring } from "../commit.ts";
import { type SaveLimits, saveCount } from "../counting/save-count.ts";
import type { StoreObserver } from "../observer.ts";
import { rotationDue } from "./rotation-due.ts";

/** What is kept up, and when. */
export interface UpkeepOptions {
  /** The open store's; undefined while it is sealed. */
  readonly home: () => Pick<KeyringHome, "barrier" | "wrapKeyring"> | undefined;
  /** Runs work while no ceremony and no other change of the keys does. Rejects with `SEALED`. */
  readonly exclusively: (work: (open: OpenStore) => Promise<void>) => Promise<void>;
  /** Goes on with what a rewrap left to do, if anything. Never rejects. */
  readonly resumeRewrap: () => Promise<void>;
  readonly observer: StoreObserver;
  readonly now: () => Date;
  readonly limits: SaveLimits;
  readonly intervalMilliseconds: number;
}

/** Saves the count of encryptions and replaces data keys in time, while the store is open. */
export class KeyUpkeep {
  readonly #options: UpkeepOptions;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;
  #rotating: Promise<void> | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Checks now and then at every interval, by a timer that keeps no process alive. Not for a foreign storage. */
  start(): void {
    this.#timer ??= setInterval(() => void this.run(), this.#options.intervalMilliseconds).unref();
    void this.rotateIfDue();
    void this.#options.resumeRewrap();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Saves the count, rotates if that is due, and tries again what was not rewrapped. Never rejects. */
  async run(): Promise<void> {
    await Promise.all([this.save(), this.rotateIfDue(), this.#options.resumeRewrap()]);
  }

  /** Saves the count, or joins the save that goes on. Never rejects. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  /** Rotates if that is due, or joins the rotation that goes on. Never rejects. */
  rotateIfDue(): Promise<void> {
    if (this.#reason() === undefined) return this.#rotating ?? Promise.resolve();
    this.#rotating ??= this.#rotate().finally(() => {
      this.#rotating = undefined;
    });
    return this.#rotating;
  }

  async #save(): Promise<void> {
    const home = this.#options.home();
    const ended = home === undefined ? undefined : await saveCount(home, this.#options.limits);
    if (ended !== undefined) this.#options.observer.countSaveEnded(ended);
  }

  #reason() {
    const barrier = this.#options.home()?.barrier;
    return barrier === undefined ? undefined : rotationDue(barrier.keyring, barrier.encryptions, this.#options.now());
  }

  async #rotate(): Promise<void> {
    const { exclusively, observer } = this.#options;
    try {
      await exclusively(async (open) => {
        // Again, since a ceremony may have added a term while this waited.
        const reason = this.#reason();
        if (reason === undefined) return;
        await rotateKeyring(open, open.now).catch((error: unknown) => {
          observer.rotationFailed(reason, error);
          throw error;
        });
        observer.rotated(reason, open.barrier.keyring.active.term);
      });
    } catch {
      // Told above, or sealed before it began: due still, and looked at again after the next unseal or check.
    }
  }
}
