// SPDX-License-Identifier: Apache-2.0
import type { ShareNumbers } from "@sealwright/seal";
import { type OpenStore, proveQuorum, quorumNumbers } from "./authority.ts";
import { CoreError } from "./errors.ts";
import { Quorum } from "./quorum.ts";
import { checkNonce, withQuorum } from "./quorum-step.ts";
import { foreignStorage } from "./read-only.ts";
import { LastAnswer } from "./rekey/last-answer.ts";
import type { Submission } from "./rekey/request.ts";
import { checkSealConfigs } from "./seal-config-copy.ts";
import type { SealedStore } from "./store.ts";

/** What is to be allowed, and by how many. */
export interface Permission<Answer> {
  /** Of the shares that allow it. Rejects where this must not even be asked for. */
  numbers(open: OpenStore): Promise<ShareNumbers>;
  /** Does what was allowed, in one batch, after the quorum was proved. Once. Where it rejects, nothing has changed. */
  carryOut(open: OpenStore): Promise<Answer>;
}

/** The present quorum's numbers, where it may decide. Rejects with `FOREIGN_STORAGE` or `SEAL_CONFIG_ALTERED`. */
export async function presentQuorum(open: OpenStore): Promise<ShareNumbers> {
  if (open.foreign) throw foreignStorage();
  await checkSealConfigs(open);
  return quorumNumbers(open);
}

/** How far an attempt is. */
export interface AuthorizationStatus<Details> {
  readonly nonce: string;
  readonly details: Details;
  readonly progress: number;
  readonly required: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** In place of a nonce: whichever attempt is in progress. */
export const ANY_ATTEMPT: unique symbol = Symbol("any attempt");

interface Plan<Answer, Details> {
  readonly details: Details;
  readonly permission: Permission<Answer>;
}

/** A ceremony in which the present quorum allows one thing that no token may, such as a new root token. */
export class Authorization<Answer, Details> {
  readonly #store: SealedStore;
  readonly #name: string;
  readonly #quorum: Quorum<Plan<Answer, Details>>;
  readonly #last: LastAnswer<Answer>;

  /** `name` says in sentences what this is, such as `root generation`; `now` gives milliseconds since the epoch. */
  constructor(store: SealedStore, name: string, now: () => number = Date.now) {
    this.#store = store;
    this.#name = name;
    this.#quorum = new Quorum(now);
    this.#last = new LastAnswer(now);
    store.onSealed(() => {
      this.drop();
      this.#last.forget();
    });
  }

  get current(): AuthorizationStatus<Details> | undefined {
    const attempt = this.#quorum.current;
    if (attempt === undefined) return undefined;
    const { nonce, plan, shares, threshold, startedAt } = attempt;
    return { nonce, details: plan.details, progress: shares.length, required: threshold, startedAt };
  }

  /** Starts an attempt. Rejects with `SEALED`, `IN_PROGRESS`, `FOREIGN_STORAGE`, `INVALID_REQUEST` or as `permission` does. */
  start(details: Details, permission: Permission<Answer>): Promise<AuthorizationStatus<Details>> {
    return this.#store.exclusively(async (open) => {
      if (this.#quorum.current !== undefined) {
        throw new CoreError("IN_PROGRESS", `${this.#name} already in progress`);
      }
      const { shares, threshold } = await permission.numbers(open);
      if (shares === 0) throw new CoreError("INVALID_REQUEST", "nobody holds shares that could allow this");
      this.#quorum.start(threshold, { details, permission });
      return this.#status();
    });
  }

  /** Counts one present share (borrowed); with the last one the grant is made and written. Rejects as a rekey's. */
  submit(
    nonce: string,
    share: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Submission<Answer, AuthorizationStatus<Details>>> {
    return this.#store.exclusively(async (open): Promise<Submission<Answer, AuthorizationStatus<Details>>> => {
      const again = this.#last.find(nonce, share);
      if (again !== undefined) return { complete: true, nonce, answer: again };
      const attempt = this.#quorum.current;
      if (attempt === undefined) throw new CoreError("NOT_IN_PROGRESS", `no ${this.#name} in progress`);
      checkNonce(attempt.nonce, nonce);
      const { permission } = attempt.plan;
      const granted = await withQuorum(this.#quorum, nonce, share, await permission.numbers(open), async (quorum) => {
        await proveQuorum(open, quorum.shares);
        return { answer: await permission.carryOut(open) };
      });
      if (granted === undefined) return { complete: false, status: this.#status() };
      this.drop();
      this.#last.remember(nonce, share, granted.answer);
      return { complete: true, nonce, answer: granted.answer };
    }, signal);
  }

  /**
   * Ends the attempt that `nonce` names, or whichever there is: who may ask for that is the caller's to know. Ending none
   * is no error. Rejects with `SEALED` or `WRONG_NONCE`.
   */
  cancel(nonce: string | typeof ANY_ATTEMPT): Promise<void> {
    return this.#store.exclusively(async () => {
      const attempt = this.#quorum.current;
      if (attempt !== undefined && nonce !== ANY_ATTEMPT) checkNonce(attempt.nonce, nonce);
      this.drop();
    });
  }

  /** Ends the attempt, if there is one: the quorum that it counts is another now. */
  drop(): void {
    this.#quorum.end();
  }

  /** Ends an attempt in which nothing counted for `idleMilliseconds`; answers whether it did. */
  expire(idleMilliseconds: number): boolean {
    return this.#quorum.expire(idleMilliseconds) === "ended";
  }

  #status(): AuthorizationStatus<Details> {
    const status = this.current;
    if (status === undefined) throw new CoreError("NOT_IN_PROGRESS", `no ${this.#name} in progress`);
    return status;
  }
}
