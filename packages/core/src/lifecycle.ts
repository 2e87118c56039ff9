// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a store is open, and the one queue for what changes that or its keys. Initialising, opening, sealing and changes
 * of the keyring come one after another; reads and writes don't wait.
 */
import type { OpenStore } from "./authority.ts";
import { CoreError } from "./errors.ts";
import { Interruption } from "./interruption.ts";
import { Mutex } from "./mutex.ts";
import type { Unsealed } from "./unsealed.ts";

/** What belongs to opening and sealing a store. */
export interface LifecycleHooks {
  /** Shows what is open to a ceremony; calls to the seals abort with `signal` too. */
  openStore(unsealed: Unsealed, signal?: AbortSignal): OpenStore;
  /** The store has been opened: whatever goes on while it is begins. */
  opened(unsealed: Unsealed): Promise<void>;
  /** The store is being sealed: it is not open any more. */
  sealing(): void;
  /** Forgets the keys of what was open, and saves what is to be saved. */
  lock(unsealed: Unsealed): Promise<void>;
}

/** Opens and seals, one thing at a time. */
export class Lifecycle {
  readonly #mutex = new Mutex();
  readonly #hooks: () => LifecycleHooks;
  readonly #whenUnsealed: (() => void)[] = [];
  readonly #whenSealed: (() => void)[] = [];
  readonly interruption = new Interruption();
  #unsealed: Unsealed | undefined;

  /** `hooks` is asked when they are needed, since they are about this. */
  constructor(hooks: () => LifecycleHooks) {
    this.#hooks = hooks;
  }

  /** What is open, if the store is. */
  get unsealed(): Unsealed | undefined {
    return this.#unsealed;
  }

  /** What is open. Throws `SEALED`. */
  get opened(): Unsealed {
    if (this.#unsealed === undefined) throw new CoreError("SEALED", "the store is sealed");
    return this.#unsealed;
  }

  onUnsealed(listener: () => void): void {
    this.#whenUnsealed.push(listener);
  }

  onSealed(listener: () => void): void {
    this.#whenSealed.push(listener);
  }

  /** Runs `work` when it is its turn. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(work);
  }

  /** Runs `work` on the open store when it is its turn. Rejects with `SEALED`. */
  exclusively<T>(work: (open: OpenStore) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.inTurn(() => work(this.#hooks().openStore(this.opened, signal)));
  }

  /**
   * Opens by `opening`. `first` is done before anybody hears of that, and where it rejects the store stays sealed. To be
   * called in turn.
   */
  async open(opening: Promise<Unsealed>, first: (open: OpenStore) => Promise<void>): Promise<void> {
    const hooks = this.#hooks();
    const unsealed = await opening;
    try {
      await first(hooks.openStore(unsealed));
    } catch (error) {
      unsealed.barrier.lock();
      await unsealed.roster.close();
      throw error;
    }
    this.#unsealed = unsealed;
    await hooks.opened(unsealed);
    for (const listener of this.#whenUnsealed) listener();
  }

  /** Abandons calls to the seals, and seals when it is its turn. Rejects as the hook `lock` does; it is sealed then too. */
  seal(): Promise<void> {
    this.interruption.interrupt();
    return this.inTurn(async () => {
      const hooks = this.#hooks();
      const unsealed = this.#unsealed;
      this.#unsealed = undefined;
      hooks.sealing();
      for (const listener of this.#whenSealed) listener();
      if (unsealed !== undefined) await hooks.lock(unsealed);
    });
  }
}
