// SPDX-License-Identifier: Apache-2.0
import { createHmac, randomBytes } from "node:crypto";
import { CoreError } from "../errors.ts";

/**
 * What this process has seen of a share: `given` by its holder to the attempt in progress, `new` and still to be
 * proved, `replaced` by a later key, or of a key that was `dropped` before it took effect.
 */
export type ShareHistory = "given" | "new" | "replaced" | "dropped";

/** Why a share of some history is not the one that is due. */
export type WhyNotDue = Readonly<Partial<Record<ShareHistory, string>>>;

/** While present shares are due. */
export const PRESENT_DUE: WhyNotDue = {
  replaced: "this share was replaced by a rekey: give one of the present shares",
  dropped: "this share is of a rekey that was given up before its shares took effect: give one of the present shares",
};

/** While new shares are to be proved. */
export const NEW_DUE: WhyNotDue = {
  ...PRESENT_DUE,
  given: "this is a share of the old key, which has allowed the rekey already: give one of the new shares",
};

/**
 * Tells shares apart that were seen before, so that a holder who mixes up two sets hears which is due. That tells
 * nothing to whoever does not hold the share. Kept are HMACs under a key of this process, and no shares.
 */
export class KnownShares {
  readonly #macKey = randomBytes(32);
  readonly #histories = new Map<string, ShareHistory>();

  /** Throws `INVALID_SHARE` where `share` (borrowed) was seen before and that is why it is not the one that is due. */
  refuse(share: Uint8Array, why: WhyNotDue): void {
    const history = this.#histories.get(this.#mac(share));
    const reason = history === undefined ? undefined : why[history];
    if (reason !== undefined) throw new CoreError("INVALID_SHARE", reason);
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
