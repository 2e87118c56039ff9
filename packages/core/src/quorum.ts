// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { type Attempt, type Ceremony, type CeremonyInput, type CeremonyOutcome, IDLE, step } from "./ceremony.ts";

/** Holds the state of one kind of ceremony, wipes what leaves it, and copies what enters: callers keep their shares. */
export class Quorum<Plan> {
  #state: Ceremony<Plan> = IDLE;
  readonly #now: () => number;

  /** `now` gives milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The attempt in progress. Its shares are lent: they are wiped when they leave the ceremony. */
  get current(): Attempt<Plan> | undefined {
    return this.#state.phase === "idle" ? undefined : this.#state;
  }

  /** Starts an attempt with a fresh nonce, unless one is in progress. */
  start(threshold: number, plan: Plan): CeremonyOutcome {
    return this.#step({ kind: "start", nonce: randomUUID(), threshold, plan, at: this.#now() });
  }

  /** Counts a copy of `share` towards the attempt that `nonce` names. */
  submit(nonce: string, share: Uint8Array): CeremonyOutcome {
    return this.#step({ kind: "submit", nonce, share: Uint8Array.from(share), at: this.#now() });
  }

  /** Wipes the quorum that proved wrong; the attempt goes on from no shares. */
  reject(): void {
    this.#step({ kind: "reject", at: this.#now() });
  }

  /** Wipes the last share of a quorum that could not be tried now; giving it again tries again. */
  withdraw(): void {
    this.#step({ kind: "withdraw", at: this.#now() });
  }

  /** Ends the attempt and wipes its shares. */
  end(): void {
    this.#step({ kind: "end" });
  }

  /** Ends an attempt in which nothing counted for `idleMilliseconds`. */
  expire(idleMilliseconds: number): CeremonyOutcome {
    return this.#step({ kind: "expire", idleSince: this.#now() - idleMilliseconds });
  }

  #step(input: CeremonyInput<Plan>): CeremonyOutcome {
    const { state, outcome, discard } = step(this.#state, input);
    this.#state = state;
    for (const share of discard) share.fill(0);
    return outcome;
  }
}
