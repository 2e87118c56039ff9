// SPDX-License-Identifier: Apache-2.0
/**
 * Gathers what is to be sent at about the same time, and sends it together. Each message over the channel costs a system
 * call and wakes two processes, which is more than a short call of a library itself costs.
 */
export class Batch<T> {
  readonly #send: (gathered: readonly T[]) => void;
  readonly #later: (flush: () => void) => void;
  #gathered: T[] = [];

  /** `later` says how long to gather: `process.nextTick` for a turn of the program, `setImmediate` for one of its loop. */
  constructor(send: (gathered: readonly T[]) => void, later: (flush: () => void) => void) {
    this.#send = send;
    this.#later = later;
  }

  /** Has `item` sent a little later. */
  add(item: T): void {
    if (this.#gathered.push(item) === 1) this.#later(() => this.flush());
  }

  /** Sends what has been gathered, now. */
  flush(): void {
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#send(gathered);
  }
}
