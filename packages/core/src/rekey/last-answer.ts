// SPDX-License-Identifier: Apache-2.0
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const KEPT_MILLISECONDS = 10 * 60 * 1000;

interface Kept<Answer> {
  readonly nonce: string;
  /** HMAC of the share under a key of this process, so that the share itself is not kept. */
  readonly mac: Buffer;
  readonly answer: Answer;
  readonly until: number;
}

/**
 * The answer to the last submission of a ceremony, for ten minutes: somebody whose connection broke just then gives the
 * same share again and gets it again. It may hold new shares, so it is dropped when its time is up or at sealing.
 */
export class LastAnswer<Answer> {
  readonly #macKey = randomBytes(32);
  readonly #now: () => number;
  #kept: Kept<Answer> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  remember(nonce: string, share: Uint8Array, answer: Answer): void {
    this.forget();
    this.#kept = { nonce, mac: this.#mac(share), answer, until: this.#now() + KEPT_MILLISECONDS };
    this.#timer = setTimeout(() => this.forget(), KEPT_MILLISECONDS).unref();
  }

  find(nonce: string, share: Uint8Array): Answer | undefined {
    const kept = this.#kept;
    if (kept === undefined || kept.nonce !== nonce || this.#now() > kept.until) return undefined;
    return timingSafeEqual(kept.mac, this.#mac(share)) ? kept.answer : undefined;
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#kept = undefined;
  }

  #mac(share: Uint8Array): Buffer {
    return createHmac("sha256", this.#macKey).update(share).digest();
  }
}
