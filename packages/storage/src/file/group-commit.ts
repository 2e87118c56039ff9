// SPDX-License-Identifier: Apache-2.0
import type { Changes } from "../changes.ts";

/** A group takes in no further batch once its values exceed this. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly changes: Changes;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function sizeOf(changes: Changes): number {
  let bytes = 0;
  for (const value of changes.values()) bytes += value?.length ?? 0;
  return bytes;
}

/**
 * Commits batches one group after the other: those that arrive while a group is being committed form the next, so that
 * many writers share the costs of one. A group succeeds or fails as a whole.
 */
export class GroupCommit {
  readonly #commit: (changes: Changes) => Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(commit: (changes: Changes) => Promise<void>) {
    this.#commit = commit;
  }

  /** Resolves or rejects with the group that the batch becomes a part of. */
  add(changes: Changes): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when no batch is waiting or being committed. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Batches added by the same turn of the event loop belong to the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#commit(new Map(group.flatMap(({ changes }) => [...changes])));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = undefined;
  }

  #nextGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { changes } of this.#waiting) {
      bytes += sizeOf(changes);
      if (count > 0 && bytes > MAX_GROUP_BYTES) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
