// SPDX-License-Identifier: Apache-2.0
/**
 * The rekey of one target: a quorum of the present shares allows it, a new key is made, optionally its new shares are
 * proved, and one batch puts it in force. One attempt at a time; it lives in memory and ends when the store is sealed.
 */
import { timingSafeEqual } from "node:crypto";
import type { ShareNumbers } from "@sealwright/seal";
import { type OpenStore, proveQuorum, quorumNumbers } from "../authority.ts";
import type { CeremonyOutcome } from "../ceremony.ts";
import { CoreError } from "../errors.ts";
import { Quorum } from "../quorum.ts";
import { withQuorum } from "../quorum-step.ts";
import type { Change } from "../storage.ts";
import type { SealedStore } from "../store.ts";
import { combineShares } from "../unseal.ts";
import { LastAnswer } from "./last-answer.ts";
import type { NewKey, RekeyCommit, RekeyTarget } from "./target.ts";

/** What the new shares become on their way to their holders. */
export interface Delivery<Answer> {
  /** What is answered to whoever submitted the last share. */
  readonly answer: Answer;
  /** Entries for the batch that puts the key in force: a PGP-encrypted backup. */
  readonly entries: readonly Change[];
}

export interface RekeyRequest<Answer, Details> {
  /** How the new key is split; zeros where nobody gets shares. */
  readonly numbers: ShareNumbers;
  /** `prove`: the new key takes effect only after a threshold of its shares was submitted again. */
  readonly verification: "none" | "prove";
  readonly term: RekeyCommit["term"];
  /** What the status shows besides: who started this, PGP fingerprints. No secret. */
  readonly details: Details;
  /** Makes the answer of the new shares (lent), before anything is stored. */
  deliver(shares: readonly Uint8Array[], nonce: string): Promise<Delivery<Answer>>;
}

export interface RekeyStatus<Details> {
  readonly nonce: string;
  readonly numbers: ShareNumbers;
  readonly verification: "none" | "prove";
  readonly details: Details;
  /** Of the present shares. */
  readonly progress: number;
  readonly required: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** While the new shares are being proved. */
  readonly verifying: { readonly nonce: string; readonly progress: number } | undefined;
}

/** What a submission came to: the attempt goes on, or here is the answer. */
export type Submission<Answer> = { readonly complete: false } | { readonly complete: true; readonly answer: Answer };

interface Pending {
  readonly made: NewKey;
  readonly entries: readonly Change[];
}

const IN_PROGRESS_OUTCOMES: readonly CeremonyOutcome[] = ["already-started", "deciding"];

export class Rekey<Answer, Details> {
  readonly #store: SealedStore;
  readonly #target: RekeyTarget;
  readonly #quorum: Quorum<RekeyRequest<Answer, Details>>;
  readonly #verification: Quorum<Pending>;
  readonly #last: LastAnswer<Answer>;

  /** `now` gives milliseconds since the epoch. */
  constructor(store: SealedStore, target: RekeyTarget, now: () => number = Date.now) {
    this.#store = store;
    this.#target = target;
    this.#quorum = new Quorum(now);
    this.#verification = new Quorum(now);
    this.#last = new LastAnswer(now);
    store.onSealed(() => {
      this.#end();
      this.#last.forget();
    });
  }

  /** The attempt in progress. */
  get current(): RekeyStatus<Details> | undefined {
    const attempt = this.#quorum.current;
    if (attempt === undefined) return undefined;
    const verifying = this.#verification.current;
    const { numbers, verification, details } = attempt.plan;
    return {
      nonce: attempt.nonce,
      numbers,
      verification,
      details,
      progress: verifying === undefined ? attempt.shares.length : 0,
      required: attempt.threshold,
      startedAt: attempt.startedAt,
      verifying: verifying && { nonce: verifying.nonce, progress: verifying.shares.length },
    };
  }

  /** Shares that an attempt needs now. Rejects with `SEALED`. */
  required(): Promise<number> {
    return this.#store.exclusively(async (open) => (await quorumNumbers(open)).threshold);
  }

  /** Starts an attempt. Rejects with `SEALED`, `IN_PROGRESS` or `INVALID_REQUEST`. */
  start(request: RekeyRequest<Answer, Details>): Promise<void> {
    return this.#store.exclusively(async (open) => {
      const { shares, threshold } = await quorumNumbers(open);
      await this.#target.check(open, request.numbers);
      if (shares === 0) throw new CoreError("INVALID_REQUEST", "nobody holds shares that could allow this rekey");
      if (IN_PROGRESS_OUTCOMES.includes(this.#quorum.start(threshold, request))) {
        throw new CoreError("IN_PROGRESS", "rekey already in progress");
      }
    });
  }

  /**
   * Counts one present share (borrowed). With the last one the new key is made, and put in force unless it has to be
   * proved first. The last share of an attempt, given again within ten minutes, gets the same answer again. Rejects with
   * `NOT_IN_PROGRESS`, `WRONG_NONCE`, `INVALID_SHARE`, `REPEATED_SHARE` or `VERIFICATION_PENDING` without counting, and
   * with `WRONG_SHARES` with progress back at 0; where the seal or the storage failed, the last share alone goes.
   */
  submit(nonce: string, share: Uint8Array, signal?: AbortSignal): Promise<Submission<Answer>> {
    return this.#store.exclusively(async (open): Promise<Submission<Answer>> => {
      const again = this.#last.find(nonce, share);
      if (again !== undefined) return { complete: true, answer: again };
      const attempt = this.#quorum.current;
      if (attempt === undefined) throw new CoreError("NOT_IN_PROGRESS", `no ${this.#target.name} rekey in progress`);
      if (this.#verification.current !== undefined && nonce === attempt.nonce) {
        throw new CoreError("VERIFICATION_PENDING", "rekey operation already finished; verification must be performed");
      }
      const numbers = await quorumNumbers(open);
      const complete = await withQuorum(this.#quorum, nonce, share, numbers, async ({ shares, plan }) => {
        await proveQuorum(open, shares);
        return this.#complete(open, attempt.nonce, plan);
      });
      if (complete === undefined) return { complete: false };
      // Proving takes the new shares only; the old ones have done their part.
      if (this.#verification.current === undefined) this.#end();
      else this.#quorum.reject();
      this.#last.remember(nonce, share, complete);
      return { complete: true, answer: complete };
    }, signal);
  }

  async #complete(open: OpenStore, nonce: string, plan: RekeyRequest<Answer, Details>): Promise<Answer> {
    const made = await this.#target.make(open, plan.numbers);
    try {
      const { answer, entries } = await plan.deliver(made.shares, nonce);
      if (plainlyDone(plan) || made.key === undefined) {
        await this.#target.commit(open, made, { entries, term: plan.term });
        made.key?.fill(0);
      } else this.#verification.start(made.numbers.threshold, { made, entries });
      return answer;
    } catch (error) {
      made.key?.fill(0);
      throw error;
    } finally {
      for (const each of made.shares) each.fill(0);
    }
  }

  /**
   * Counts one new share (borrowed) towards the proof; the last one puts the new key in force. Rejects as `submit` does;
   * with `WRONG_SHARES` the proof starts again under another nonce.
   */
  verify(nonce: string, share: Uint8Array, signal?: AbortSignal): Promise<{ readonly complete: boolean }> {
    return this.#store.exclusively(async (open) => {
      const attempt = this.#quorum.current;
      const proof = this.#verification.current;
      if (attempt === undefined) throw new CoreError("NOT_IN_PROGRESS", "no rekey in progress");
      if (proof === undefined) throw new CoreError("NOT_IN_PROGRESS", "no rekey verification in progress");
      const { made, entries } = proof.plan;
      try {
        const done = await withQuorum(this.#verification, nonce, share, made.numbers, async ({ shares }) => {
          await proveNew(open, made, shares);
          await this.#target.commit(open, made, { entries, term: attempt.plan.term });
          return true;
        });
        if (done) this.#end();
        return { complete: done === true };
      } catch (error) {
        if (error instanceof CoreError && error.code === "WRONG_SHARES") this.#restart(proof.plan);
        throw error;
      }
    }, signal);
  }

  /** Forgets the new shares submitted so far and begins the proof under another nonce. Rejects with `NOT_IN_PROGRESS`. */
  restartVerification(): Promise<void> {
    return this.#store.exclusively(async () => {
      const proof = this.#verification.current;
      if (proof === undefined) throw new CoreError("NOT_IN_PROGRESS", "no rekey verification in progress");
      this.#restart(proof.plan);
    });
  }

  #restart(pending: Pending): void {
    this.#verification.end();
    this.#verification.start(pending.made.numbers.threshold, pending);
  }

  /** Ends the attempt; a key that was not yet in force never will be. Ending none is no error. Rejects with `SEALED`. */
  cancel(): Promise<void> {
    return this.#store.exclusively(async () => this.#end());
  }

  /** Ends an attempt in which nothing counted for `idleMilliseconds`; answers whether it did. */
  expire(idleMilliseconds: number): boolean {
    const idle = this.#verification.current === undefined ? this.#quorum : this.#verification;
    if (idle.expire(idleMilliseconds) !== "ended") return false;
    this.#end();
    return true;
  }

  #end(): void {
    this.#verification.current?.plan.made.key?.fill(0);
    this.#verification.end();
    this.#quorum.end();
  }
}

function plainlyDone({ verification }: { readonly verification: "none" | "prove" }): boolean {
  return verification === "none";
}

async function proveNew({ plugin }: OpenStore, { key }: NewKey, shares: readonly Uint8Array[]): Promise<void> {
  const proved = await combineShares(plugin, shares);
  try {
    if (key !== undefined && proved.length === key.length && timingSafeEqual(proved, key)) return;
    throw new CoreError("WRONG_SHARES", "rekey verification failed; incorrect key shares supplied");
  } finally {
    proved.fill(0);
  }
}
