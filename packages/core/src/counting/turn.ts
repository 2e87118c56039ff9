// SPDX-License-Identifier: Apache-2.0
/**
 * Whose turn it is to write the keyring or the ceiling: one batch at a time, so that none overtakes another on its way to
 * disk. It is held for a storage's write and never for a seal's answer.
 */
export class Turn {
  #held: Promise<void> | undefined;

  /** Takes the turn where nobody has it. Answers how to give it back. */
  tryTake(): (() => void) | undefined {
    if (this.#held !== undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  /** Resolves when whoever has the turn gives it back. */
  async given(): Promise<void> {
    await this.#held;
  }

  /** Runs `work` when the turn is free. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    let release = this.tryTake();
    while (release === undefined) {
      await this.given();
      release = this.tryTake();
    }
    try {
      return await work();
    } finally {
      release();
    }
  }
}
