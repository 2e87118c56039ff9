// SPDX-License-Identifier: Apache-2.0
/**
 * Gathers what is added within one turn of the event loop and sends it together. Each message over the channel costs a
 * system call and wakes two processes, which is more than a short call of a library itself costs.
 */
export class Batch<T> {
  readonly #send: (gathered: readonly T[]) => void;
  #gathered: T[] = [];

  constructor(send: (gathered: readonly T[]) => void) {
    this.#send = send;
  }

  /** Has `item` sent at the end of this turn. */
  add(item: T): void {
    if (this.#gathered.push(item) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#send(gathered);
  }
}
