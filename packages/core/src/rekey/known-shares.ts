// SPDX-License-Identifier: Apache-2.0
import { createHmac, randomBytes } from "node:crypto";

/**
 * What this process has seen of a share: `given` by its holder to the attempt in progress, `new` and still to be
 * proved, `replaced` by a later key, or of a key that was `dropped` before it took effect.
 */
export type ShareHistory = "given" | "new" | "replaced" | "dropped";

/**
 * Tells shares apart that were seen before, so that a holder who mixes up two sets hears which is due. That tells
 * nothing to whoever does not hold the share. Kept are HMACs under a key of this process, and no shares.
 */
export class KnownShares {
  readonly #macKey = randomBytes(32);
  readonly #histories = new Map<string, ShareHistory>();

  historyOf(share: Uint8Array): ShareHistory | undefined {
    return this.#histories.get(this.#mac(share));
  }

  /** Remembers `shares` (borrowed). */
  remember(shares: readonly Uint8Array[], history: ShareHistory): void {
    for (const share of shares) this.#histories.set(this.#mac(share), history);
  }

  /** Turns every `from` into `to`, or forgets it. */
  change(from: ShareHistory, to: ShareHistory | "forgotten"): void {
    for (const [mac, history] of this.#histories) {
      if (history !== from) continue;
      if (to === "forgotten") this.#histories.delete(mac);
      else this.#histories.set(mac, to);
    }
  }

  forget(): void {
    this.#histories.clear();
  }

  #mac(share: Uint8Array): string {
    return createHmac("sha256", this.#macKey).update(share).digest("base64");
  }
}
