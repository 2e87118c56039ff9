// SPDX-License-Identifier: Apache-2.0
/** What abandons calls to the seals when a store is sealed: those of then, and not those that begin later. */
export class Interruption {
  #controller = new AbortController();

  /** Aborts at the next `interrupt`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts with `signal` too. */
  with(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.signal : AbortSignal.any([this.signal, signal]);
  }

  interrupt(): void {
    this.#controller.abort();
    this.#controller = new AbortController();
  }
}
