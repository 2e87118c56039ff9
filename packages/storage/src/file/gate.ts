// SPDX-License-Identifier: Apache-2.0

/** Lets many readers in at once, or one writer alone; those who come while a writer waits queue behind it. */
export class Gate {
  #readers = 0;
  #drained: (() => void) | undefined;
  #writer: Promise<void> = Promise.resolve();
  #writing = false;

  /** Waits while a writer is in or waiting, then enters; the caller calls what it gets to leave. */
  async enter(): Promise<() => void> {
    while (this.#writing) await this.#writer;
    this.#readers += 1;
    return () => {
      this.#readers -= 1;
      if (this.#readers === 0) this.#drained?.();
    };
  }

  /** Runs `action` when all readers have left; none enters until it is done. One caller at a time. */
  async alone<T>(action: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writer = promise;
    this.#writing = true;
    try {
      if (this.#readers > 0) await new Promise<void>((drained) => (this.#drained = drained));
      return await action();
    } finally {
      this.#drained = undefined;
      this.#writing = false;
      resolve();
    }
  }
}
