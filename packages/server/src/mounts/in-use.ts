// SPDX-License-Identifier: Apache-2.0

interface Use {
  count: number;
  readonly waiting: (() => void)[];
}

/** Counts the requests at work in each mount, so that a mount is changed or emptied when the last one has left. */
export class InUse {
  readonly #uses = new Map<string, Use>();

  /** Does `work` as a use of `id`, counted from the call on. */
  async during<T>(id: string, work: () => Promise<T>): Promise<T> {
    const use = this.#uses.get(id) ?? { count: 0, waiting: [] };
    use.count++;
    this.#uses.set(id, use);
    try {
      return await work();
    } finally {
      use.count--;
      if (use.count === 0) {
        this.#uses.delete(id);
        for (const resolve of use.waiting) resolve();
      }
    }
  }

  /** Resolves when `id` is not in use. */
  async idle(id: string): Promise<void> {
    const use = this.#uses.get(id);
    if (use !== undefined) await new Promise<void>((resolve) => use.waiting.push(resolve));
  }
}
