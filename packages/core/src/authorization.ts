// SPDX-License-Identifier: Apache-2.0
import { proveQuorum, quorumNumbers } from "./authority.ts";
import type { PlainChange } from "./barrier.ts";
import { CoreError } from "./errors.ts";
import { Quorum } from "./quorum.ts";
import { withQuorum } from "./quorum-step.ts";
import { LastAnswer } from "./rekey/last-answer.ts";
import type { Submission } from "./rekey/rekey.ts";
import type { SealedStore } from "./store.ts";

/** What a quorum allows: entries to write, and what to answer. Made once, after the quorum was proved. */
export interface Grant<Answer> {
  readonly changes: readonly PlainChange[];
  readonly answer: Answer;
}

export interface AuthorizationStatus<Details> {
  readonly nonce: string;
  readonly details: Details;
  readonly progress: number;
  readonly required: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

interface Plan<Answer, Details> {
  readonly details: Details;
  grant(): Promise<Grant<Answer>>;
}

/** A ceremony in which the present quorum allows one thing that no token may: a new root token. */
export class Authorization<Answer, Details> {
  readonly #store: SealedStore;
  readonly #quorum: Quorum<Plan<Answer, Details>>;
  readonly #last: LastAnswer<Answer>;

  /** `now` gives milliseconds since the epoch. */
  constructor(store: SealedStore, now: () => number = Date.now) {
    this.#store = store;
    this.#quorum = new Quorum(now);
    this.#last = new LastAnswer(now);
    store.onSealed(() => {
      this.#quorum.end();
      this.#last.forget();
    });
  }

  get current(): AuthorizationStatus<Details> | undefined {
    const attempt = this.#quorum.current;
    if (attempt === undefined) return undefined;
    const { nonce, plan, shares, threshold, startedAt } = attempt;
    return { nonce, details: plan.details, progress: shares.length, required: threshold, startedAt };
  }

  /** Shares that an attempt needs now. Rejects with `SEALED`. */
  required(): Promise<number> {
    return this.#store.exclusively(async (open) => (await quorumNumbers(open)).threshold);
  }

  /** Starts an attempt. Rejects with `SEALED`, `IN_PROGRESS` or `INVALID_REQUEST`. */
  start(details: Details, grant: () => Promise<Grant<Answer>>): Promise<void> {
    return this.#store.exclusively(async (open) => {
      const { shares, threshold } = await quorumNumbers(open);
      if (shares === 0) throw new CoreError("INVALID_REQUEST", "nobody holds shares that could allow this");
      if (this.#quorum.start(threshold, { details, grant }) !== "started") {
        throw new CoreError("IN_PROGRESS", "root generation already in progress");
      }
    });
  }

  /** Counts one present share (borrowed); with the last one the grant is made and written. Rejects as a rekey's. */
  submit(nonce: string, share: Uint8Array, signal?: AbortSignal): Promise<Submission<Answer>> {
    return this.#store.exclusively(async (open): Promise<Submission<Answer>> => {
      const again = this.#last.find(nonce, share);
      if (again !== undefined) return { complete: true, answer: again };
      if (this.#quorum.current === undefined) {
        throw new CoreError("NOT_IN_PROGRESS", "no root generation in progress");
      }
      const numbers = await quorumNumbers(open);
      const granted = await withQuorum(this.#quorum, nonce, share, numbers, async ({ shares, plan }) => {
        await proveQuorum(open, shares);
        const { changes, answer } = await plan.grant();
        await open.barrier.write(changes);
        return { answer };
      });
      if (granted === undefined) return { complete: false };
      this.#quorum.end();
      this.#last.remember(nonce, share, granted.answer);
      return { complete: true, answer: granted.answer };
    }, signal);
  }

  /** Ends the attempt. Ending none is no error. Rejects with `SEALED`. */
  cancel(): Promise<void> {
    return this.#store.exclusively(async () => this.#quorum.end());
  }

  /** Ends an attempt in which nothing counted for `idleMilliseconds`; answers whether it did. */
  expire(idleMilliseconds: number): boolean {
    return this.#quorum.expire(idleMilliseconds) === "ended";
  }
}
