// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";

interface Waiter {
  readonly abandoned: () => boolean;
  readonly enter: () => void;
}

/** A number of places that calls take, and a bounded queue in front of them: first come, first served. */
export class Slots {
  readonly #most: number;
  readonly #mostWaiting: number;
  #taken = 0;
  #waiting: Waiter[] = [];

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves when there is a place, which {@link leave} gives back, also for a call that was `abandoned` meanwhile.
   * Rejects with `SEAL_THROTTLED` when the queue is full.
   */
  enter(abandoned: () => boolean): Promise<void> {
    if (this.#taken < this.#most) {
      this.#taken++;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#mostWaiting) this.#waiting = this.#waiting.filter((each) => !each.abandoned());
    if (this.#waiting.length >= this.#mostWaiting) {
      const crowd = `${this.#taken} calls are under way and ${this.#waiting.length} wait for their turn`;
      return Promise.reject(new SealError("SEAL_THROTTLED", `the seal takes no more calls: ${crowd}`));
    }
    return new Promise((enter) => this.#waiting.push({ abandoned, enter }));
  }

  /** Gives a place back, to the next in the queue. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next.enter();
  }
}
