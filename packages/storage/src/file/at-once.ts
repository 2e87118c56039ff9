// SPDX-License-Identifier: Apache-2.0

/** Enough calls in flight to share the file system's own commits, few enough open files. */
const AT_ONCE = 16;

/** Does `action` for every item, several at once, and rejects with the first failure when all that began have ended. */
export async function forEachAtOnce<T>(items: Iterable<T>, action: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      try {
        await action(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await allEnded(Array.from({ length: AT_ONCE }, worker));
}

/** Like `Promise.all`, but nothing is still under way when it rejects. */
export async function allEnded(tasks: Iterable<Promise<void>>): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === "rejected") throw result.reason;
}
