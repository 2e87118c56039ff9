// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";

/** What the service does wrong on purpose. */
export class Faults {
  /** How long every answer takes, in milliseconds. */
  delayMs = 0;
  /** Changes each answer on its way out: its bytes, say, under a checksum that stays. */
  tamper: ((method: string, response: object) => object) | undefined;
  #failure: { readonly error: Error; left: number } | undefined;

  /** Answers the next `times` requests with `error`. */
  fail(error: Error, times: number): void {
    this.#failure = { error, left: times };
  }

  /** Does everything right again. */
  end(): void {
    this.delayMs = 0;
    this.tamper = undefined;
    this.#failure = undefined;
  }

  /** What comes before every answer. Throws where a failure is due. */
  async before(): Promise<void> {
    if (this.delayMs > 0) await sleep(this.delayMs, undefined, { ref: false });
    if (this.#failure === undefined || this.#failure.left <= 0) return;
    this.#failure.left--;
    throw this.#failure.error;
  }

  /** What becomes of an answer. */
  after<Response extends object>(method: string, response: Response): Response {
    return this.tamper === undefined ? response : (this.tamper(method, response) as Response);
  }
}
