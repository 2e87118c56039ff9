// SPDX-License-Identifier: Apache-2.0
import { HttpError } from "./problem.ts";

/** Bounds the time that one request may take. */
export class Deadline {
  readonly #milliseconds: number;
  #controller: AbortController | undefined;
  #expired = false;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Aborts when the time is up. Made when it is first asked for: few requests call a seal. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#expired) this.#controller.abort();
    return this.#controller.signal;
  }

  /** What `work` comes to, or 408 when the time is up first; it is then abandoned. */
  bound<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#expired = true;
        const seconds = this.#milliseconds / 1000;
        reject(new HttpError(408, `the request took longer than ${seconds} s (max_request_duration)`));
        this.#controller?.abort();
      }, this.#milliseconds);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
