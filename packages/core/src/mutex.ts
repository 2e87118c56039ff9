// SPDX-License-Identifier: Apache-2.0
/** Runs functions one after another, in order of arrival. Changes of the keyring and of the sealed state go through. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
