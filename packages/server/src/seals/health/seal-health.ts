// SPDX-License-Identifier: Apache-2.0
import { isSealError, type SealErrorCode } from "@sealwright/seal";

/**
 * How a seal is doing. `untried`: nothing was asked of it yet. `degraded`: it answers, slowly, or with the
 * request for fewer calls. `key disabled`: its service has the key disabled, deleted, or not at all.
 */
export type HealthState = "untried" | "healthy" | "degraded" | "unavailable" | "denied" | "key disabled";

const STATES: Readonly<Partial<Record<SealErrorCode, HealthState>>> = {
  SEAL_THROTTLED: "degraded",
  SEAL_DENIED: "denied",
  SEAL_KEY_DISABLED: "key disabled",
  SEAL_KEY_MISSING: "key disabled",
};

/** What can be told of a seal, to anybody but for `reason`. */
export interface HealthReport {
  readonly state: HealthState;
  /** Whether it can be counted on: it is not known to refuse or to be away. */
  readonly healthy: boolean;
  /** What is wrong, in one sentence. */
  readonly reason?: string;
  /** The code of what is wrong, where it has one. */
  readonly code?: string;
  /** Since when it has not been healthy without a break. */
  readonly since?: Date;
  /** When a call was last answered. */
  readonly lastGood?: Date;
}

/** What the calls of one kind came to. */
interface Outcome {
  readonly at: number;
  readonly error?: unknown;
  readonly slow: boolean;
}

type Operation = "wrap" | "unwrap";

function stateOf({ error, slow }: Outcome): HealthState {
  if (error === undefined) return slow ? "degraded" : "healthy";
  return (isSealError(error) ? STATES[error.code] : undefined) ?? "unavailable";
}

const WORST_FIRST: readonly HealthState[] = ["key disabled", "denied", "unavailable", "degraded", "healthy", "untried"];

/** What the calls to one seal tell of it. Wraps and unwraps count apart: a key may allow one and not the other. */
export class SealHealth {
  readonly #slowMilliseconds: number;
  readonly #now: () => number;
  readonly #outcomes = new Map<Operation | "proof", Outcome>();
  readonly #listeners: ((report: HealthReport) => void)[] = [];
  #since: number | undefined;
  #lastGood: number | undefined;
  #state: HealthState = "untried";

  /** A call that takes longer than `slowMilliseconds` is answered and slow. `now` is in milliseconds since the epoch. */
  constructor(slowMilliseconds: number, now: () => number = Date.now) {
    this.#slowMilliseconds = slowMilliseconds;
    this.#now = now;
  }

  get report(): HealthReport {
    const worst = this.#worst();
    const reason = worst === undefined ? undefined : this.#reasonOf(worst);
    return {
      state: this.#state,
      healthy: this.#state === "healthy" || this.#state === "degraded" || this.#state === "untried",
      ...(reason === undefined ? {} : { reason }),
      ...(isSealError(worst?.error) ? { code: worst.error.code } : {}),
      ...(this.#since === undefined ? {} : { since: new Date(this.#since) }),
      ...(this.#lastGood === undefined ? {} : { lastGood: new Date(this.#lastGood) }),
    };
  }

  /** What went wrong last, while something is wrong. */
  get error(): unknown {
    return this.#worst()?.error;
  }

  /** Whether trying again with the same configuration could do harm, as with a PIN that was refused. */
  get final(): boolean {
    return [...this.#outcomes.values()].some(({ error }) => isSealError(error) && error.final);
  }

  /** Milliseconds since a wrap and an unwrap have both been answered; undefined unless both were, the last time. */
  get proofAge(): number | undefined {
    const outcomes = (["wrap", "unwrap"] as const).map((operation) => this.#outcomes.get(operation));
    const answered = outcomes.flatMap((outcome) => (outcome?.error === undefined && outcome ? [outcome.at] : []));
    return answered.length === outcomes.length ? this.#now() - Math.min(...answered) : undefined;
  }

  /** Calls `listener` with the report whenever the state changes. */
  onChange(listener: (report: HealthReport) => void): void {
    this.#listeners.push(listener);
  }

  /** A call was answered, which took so long. */
  answered(operation: Operation, milliseconds: number): void {
    this.#lastGood = this.#now();
    this.#record(operation, { at: this.#lastGood, slow: milliseconds > this.#slowMilliseconds });
  }

  /** A call failed. That a blob is none of the seal's says nothing about the seal. */
  failed(operation: Operation, error: unknown): void {
    if (isSealError(error, "SEAL_BAD_CIPHERTEXT")) return;
    this.#record(operation, { at: this.#now(), error, slow: false });
  }

  /** A round trip came out right. */
  proved(): void {
    this.#outcomes.delete("proof");
    this.#update();
  }

  /** A round trip came out wrong. Where that was a call's failure, it is known already. */
  disproved(error: unknown): void {
    if ([...this.#outcomes.values()].some((outcome) => outcome.error === error)) return;
    this.#record("proof", { at: this.#now(), error, slow: false });
  }

  #record(key: Operation | "proof", outcome: Outcome): void {
    this.#outcomes.set(key, outcome);
    this.#update();
  }

  #worst(): Outcome | undefined {
    const outcomes = [...this.#outcomes.values()];
    return outcomes.sort((a, b) => WORST_FIRST.indexOf(stateOf(a)) - WORST_FIRST.indexOf(stateOf(b)))[0];
  }

  #reasonOf({ error, slow }: Outcome): string | undefined {
    if (error === undefined) return slow ? `calls take longer than ${this.#slowMilliseconds} ms` : undefined;
    return error instanceof Error ? error.message : String(error);
  }

  #update(): void {
    const worst = this.#worst();
    const state = worst === undefined ? "untried" : stateOf(worst);
    if (state === "healthy" || state === "untried") this.#since = undefined;
    else this.#since ??= this.#now();
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(this.report);
  }
}
