// SPDX-License-Identifier: Apache-2.0
/**
 * The rekey of one target: a quorum of the present shares allows it, a new key is made, optionally its new shares are
 * proved, and one batch puts it in force. One attempt at a time; it lives in memory and ends when the store is sealed.
 */
import { randomUUID } from "node:crypto";
import { type OpenStore, proveQuorum } from "../authority.ts";
import { ANY_ATTEMPT, presentQuorum } from "../authorization.ts";
import { CoreError } from "../errors.ts";
import { Quorum } from "../quorum.ts";
import { checkNonce, withQuorum } from "../quorum-step.ts";
import type { SealedStore } from "../store.ts";
import { KnownShares, NEW_DUE, PRESENT_DUE } from "./known-shares.ts";
import { LastAnswer } from "./last-answer.ts";
import { commitOf, type PendingKey, proveNewShares, wipe, wipeShares } from "./pending-key.ts";
import type { RekeyRequest, RekeyStatus, Submission } from "./request.ts";
import type { RekeyTarget } from "./target.ts";

/** What a rekey works on. */
export interface RekeyOptions {
  /** Milliseconds since the epoch; the system's clock unless given. */
  readonly now?: () => number;
  /** Told when new shares have taken the place of the present ones: what was counted of those is worth nothing now. */
  readonly onReplaced?: () => void;
}

/** The ceremony that replaces a key and its shares, with a proof of the new shares where that is asked for. */
export class Rekey<Answer, Details> {
  readonly #store: SealedStore;
  readonly #target: RekeyTarget;
  readonly #onReplaced: () => void;
  readonly #quorum: Quorum<RekeyRequest<Answer, Details>>;
  readonly #verification: Quorum<PendingKey>;
  readonly #last: LastAnswer<Answer>;
  readonly #lastVerified: LastAnswer<true>;
  readonly #known = new KnownShares();

  constructor(store: SealedStore, target: RekeyTarget, { now = Date.now, onReplaced = () => {} }: RekeyOptions = {}) {
    this.#store = store;
    this.#target = target;
    this.#onReplaced = onReplaced;
    this.#quorum = new Quorum(now);
    this.#verification = new Quorum(now);
    this.#last = new LastAnswer(now);
    this.#lastVerified = new LastAnswer(now);
    store.onSealed(() => {
      this.drop();
      this.#last.forget();
      this.#lastVerified.forget();
      this.#known.forget();
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
      progress: attempt.shares.length,
      required: attempt.threshold,
      startedAt: attempt.startedAt,
      verifying: verifying && { nonce: verifying.nonce, progress: verifying.shares.length },
    };
  }

  /** Starts an attempt. Rejects with `SEALED`, `IN_PROGRESS`, `FOREIGN_STORAGE`, `SEAL_CONFIG_ALTERED` or `INVALID_REQUEST`. */
  start(request: RekeyRequest<Answer, Details>): Promise<RekeyStatus<Details>> {
    return this.#store.exclusively(async (open) => {
      if (this.#quorum.current !== undefined) throw new CoreError("IN_PROGRESS", "rekey already in progress");
      this.#target.check(open, request.numbers);
      const { shares, threshold } = await presentQuorum(open);
      if (shares === 0) throw new CoreError("INVALID_REQUEST", "nobody holds shares that could allow this rekey");
      this.#quorum.start(threshold, request);
      return this.#status();
    });
  }

  /**
   * Makes the first key of a target of which nobody holds shares, so that there is no quorum to ask. Whether the caller
   * may is the caller's to know. Rejects as `start` does, and with `INVALID_REQUEST` where somebody holds shares.
   */
  establish(request: RekeyRequest<Answer, Details>, signal?: AbortSignal): Promise<Answer> {
    return this.#store.exclusively(async (open) => {
      this.#target.check(open, request.numbers);
      if ((await presentQuorum(open)).shares > 0) {
        throw new CoreError("INVALID_REQUEST", "there are shares already: their holders must allow new ones");
      }
      const { pending, answer } = await this.#make(open, randomUUID(), request);
      try {
        await this.#target.commit(open, pending.made, commitOf(pending, request));
      } finally {
        wipe(pending.made);
      }
      return answer;
    }, signal);
  }

  /**
   * Counts one present share (borrowed). With the last one the new key is made, and put in force unless it has to be
   * proved first. The last share of an attempt, given again within ten minutes, gets the same answer again. Rejects with
   * `NOT_IN_PROGRESS`, `WRONG_NONCE`, `INVALID_SHARE`, `REPEATED_SHARE` or `VERIFICATION_PENDING` without counting, and
   * with `WRONG_SHARES` with progress back at 0; where the seal or the storage failed, the last share alone goes.
   */
  submit(nonce: string, share: Uint8Array, signal?: AbortSignal): Promise<Submission<Answer, RekeyStatus<Details>>> {
    return this.#store.exclusively(async (open): Promise<Submission<Answer, RekeyStatus<Details>>> => {
      const again = this.#last.find(nonce, share);
      if (again !== undefined) return { complete: true, nonce, answer: again };
      const attempt = this.#quorum.current;
      if (attempt === undefined) throw new CoreError("NOT_IN_PROGRESS", `no ${this.#target.name} rekey in progress`);
      checkNonce(attempt.nonce, nonce);
      if (this.#verification.current !== undefined) {
        throw new CoreError("VERIFICATION_PENDING", "rekey operation already finished; verification must be performed");
      }
      this.#known.refuse(share, PRESENT_DUE);
      const numbers = await presentQuorum(open);
      const done = await withQuorum(this.#quorum, nonce, share, numbers, async ({ shares, plan }) => {
        await proveQuorum(open, shares);
        return { answer: await this.#complete(open, nonce, shares, plan) };
      });
      if (done === undefined) return { complete: false, status: this.#status() };
      // Proving takes the new shares only; the old ones have done their part.
      if (this.#verification.current === undefined) this.#quorum.end();
      else this.#quorum.reject();
      this.#last.remember(nonce, share, done.answer);
      return { complete: true, nonce, answer: done.answer };
    }, signal);
  }

  async #make(
    open: OpenStore,
    nonce: string,
    request: RekeyRequest<Answer, Details>,
  ): Promise<{ pending: PendingKey; answer: Answer }> {
    const made = await this.#target.make(open, request.numbers);
    try {
      const { answer, entries } = await request.deliver(made.shares, nonce);
      return { pending: { made, entries }, answer };
    } catch (error) {
      wipe(made);
      throw error;
    }
  }

  async #complete(
    open: OpenStore,
    nonce: string,
    given: readonly Uint8Array[],
    request: RekeyRequest<Answer, Details>,
  ): Promise<Answer> {
    const { pending, answer } = await this.#make(open, nonce, request);
    if (request.verification === "prove" && pending.made.key !== undefined) {
      this.#known.remember(given, "given");
      this.#known.remember(pending.made.shares, "new");
      wipeShares(pending.made);
      this.#verification.start(pending.made.numbers.threshold, pending);
      return answer;
    }
    try {
      await this.#commit(open, pending, request);
      if (pending.made.key !== undefined) this.#known.remember(given, "replaced");
    } finally {
      wipe(pending.made);
    }
    return answer;
  }

  async #commit(open: OpenStore, pending: PendingKey, request: RekeyRequest<Answer, Details>): Promise<void> {
    const { made } = pending;
    await this.#target.commit(open, made, commitOf(pending, request));
    if (made.key !== undefined) this.#onReplaced();
  }

  /**
   * Counts one new share (borrowed) towards the proof; the last one puts the new key in force. Rejects as `submit` does;
   * with `WRONG_SHARES` the proof starts again under another nonce.
   */
  verify(nonce: string, share: Uint8Array, signal?: AbortSignal): Promise<Submission<true, RekeyStatus<Details>>> {
    return this.#store.exclusively(async (open): Promise<Submission<true, RekeyStatus<Details>>> => {
      if (this.#lastVerified.find(nonce, share)) return { complete: true, nonce, answer: true };
      const attempt = this.#quorum.current;
      if (attempt === undefined) throw new CoreError("NOT_IN_PROGRESS", "no rekey in progress");
      const { plan: pending, nonce: expected } = this.#proof();
      checkNonce(expected, nonce);
      this.#known.refuse(share, NEW_DUE);
      try {
        const done = await withQuorum(this.#verification, nonce, share, pending.made.numbers, async ({ shares }) => {
          await proveNewShares(open, pending.made, shares);
          await this.#commit(open, pending, attempt.plan);
          return true;
        });
        if (done === undefined) return { complete: false, status: this.#status() };
      } catch (error) {
        if (error instanceof CoreError && error.code === "WRONG_SHARES") this.#restart(pending);
        throw error;
      }
      this.#known.change("given", "replaced");
      this.#known.change("new", "forgotten");
      this.drop();
      this.#lastVerified.remember(nonce, share, true);
      return { complete: true, nonce, answer: true };
    }, signal);
  }

  /** Forgets the new shares submitted so far and begins the proof under another nonce. Rejects with `NOT_IN_PROGRESS`. */
  restartVerification(): Promise<RekeyStatus<Details>> {
    return this.#store.exclusively(async () => {
      this.#restart(this.#proof().plan);
      return this.#status();
    });
  }

  #restart(pending: PendingKey): void {
    this.#verification.end();
    this.#verification.start(pending.made.numbers.threshold, pending);
  }

  /**
   * Ends the attempt that `nonce` names, or whichever there is: who may ask for that is the caller's to know. A key that
   * was not yet in force never will be. Ending none is no error. Rejects with `SEALED` or `WRONG_NONCE`.
   */
  cancel(nonce: string | typeof ANY_ATTEMPT): Promise<void> {
    return this.#store.exclusively(async () => {
      const attempt = this.#quorum.current;
      if (attempt !== undefined && nonce !== ANY_ATTEMPT) checkNonce(attempt.nonce, nonce);
      this.drop();
    });
  }

  /** Ends the attempt, if there is one, as `cancel` does. */
  drop(): void {
    const pending = this.#verification.current?.plan;
    this.#verification.end();
    this.#quorum.end();
    if (pending !== undefined) this.#giveUp(pending);
  }

  #giveUp(pending: PendingKey): void {
    wipe(pending.made);
    this.#last.forget();
    this.#known.change("new", "dropped");
    this.#known.change("given", "forgotten");
  }

  /** Ends an attempt in which nothing counted for `idleMilliseconds`; answers whether it did. */
  expire(idleMilliseconds: number): boolean {
    const pending = this.#verification.current?.plan;
    const idle = pending === undefined ? this.#quorum : this.#verification;
    if (idle.expire(idleMilliseconds) !== "ended") return false;
    this.#quorum.end();
    if (pending !== undefined) this.#giveUp(pending);
    return true;
  }

  #status(): RekeyStatus<Details> {
    const status = this.current;
    if (status === undefined) throw new CoreError("NOT_IN_PROGRESS", "no rekey in progress");
    return status;
  }

  #proof() {
    const proof = this.#verification.current;
    if (proof === undefined) throw new CoreError("NOT_IN_PROGRESS", "no rekey verification in progress");
    return proof;
  }
}
