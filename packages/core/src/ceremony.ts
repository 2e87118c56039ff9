// SPDX-License-Identifier: Apache-2.0
/**
 * The ceremony: collecting shares until a threshold, for unseal, rekey, generate-root and verification alike. A pure
 * state machine: `step` takes a state and an input and gives the next state, what became of the input, and the shares
 * that nobody needs any more and that the caller wipes. Locks, storage, seals and HTTP stand outside.
 *
 * ```
 *            start              submit (the last)
 *   idle ------------> collecting -------------> deciding
 *    ^                  |  ^  ^                   | |  |
 *    |  end, expire     |  |  '--- reject: none --' |  |   the quorum proved wrong
 *    '------------------'  '-- withdraw: all but 1 -'  |   it could not be tried now
 *    '------------------------ end --------------------'
 * ```
 */
import { timingSafeEqual } from "node:crypto";

/** Nothing is going on. */
export interface Idle {
  readonly phase: "idle";
}

/** What is known of an attempt while it lasts. `Plan` says what the quorum is for, and is nothing to the machine. */
export interface Attempt<Plan> {
  /** A UUID that tells this attempt from others. No secret. */
  readonly nonce: string;
  /** Shares needed, at least 1. */
  readonly threshold: number;
  readonly plan: Plan;
  /** Distinct shares so far, in order of arrival, never more than `threshold`; owned by the machine. */
  readonly shares: readonly Uint8Array[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** When something last counted: the start, a share, a verdict on a quorum. Milliseconds since the epoch. */
  readonly progressAt: number;
}

/** Shares are coming in. */
export interface Collecting<Plan> extends Attempt<Plan> {
  readonly phase: "collecting";
}

/** The threshold is there, and the caller is finding out what these shares are good for. No other share is taken. */
export interface Deciding<Plan> extends Attempt<Plan> {
  readonly phase: "deciding";
}

/** The states of a ceremony. */
export type Ceremony<Plan> = Idle | Collecting<Plan> | Deciding<Plan>;

/** What moves a ceremony on. */
export type CeremonyInput<Plan> =
  | {
      readonly kind: "start";
      readonly nonce: string;
      readonly threshold: number;
      readonly plan: Plan;
      readonly at: number;
    }
  /** The machine takes the share over; one that does not count comes back in `discard` at once. */
  | { readonly kind: "submit"; readonly nonce: string; readonly share: Uint8Array; readonly at: number }
  /** The quorum proved wrong: its shares go, attempt and nonce stay. */
  | { readonly kind: "reject"; readonly at: number }
  /** The quorum could not be tried: the last share goes, and giving it again tries again. */
  | { readonly kind: "withdraw"; readonly at: number }
  /** The attempt is over, done or given up. */
  | { readonly kind: "end" }
  /** The attempt is over if nothing counted after `idleSince` (milliseconds since the epoch). */
  | { readonly kind: "expire"; readonly idleSince: number };

/**
 * What became of the input. `quorum`: the threshold is there, and the caller must answer with `end`, `reject` or
 * `withdraw`; until then `deciding` is what others hear. `unchanged`: the input has no meaning in this phase.
 */
export type CeremonyOutcome =
  | "started"
  | "already-started"
  | "not-started"
  | "wrong-nonce"
  | "repeated"
  | "counted"
  | "quorum"
  | "deciding"
  | "rejected"
  | "withdrawn"
  | "ended"
  | "unchanged";

/** The state after an input, and what became of the input. */
export interface CeremonyStep<Plan> {
  readonly state: Ceremony<Plan>;
  readonly outcome: CeremonyOutcome;
  /** Shares that left the state or never entered it: the caller wipes them. */
  readonly discard: readonly Uint8Array[];
}

/** No attempt is in progress. */
export const IDLE: Idle = { phase: "idle" };

type Running<Plan> = Collecting<Plan> | Deciding<Plan>;
type Start<Plan> = Extract<CeremonyInput<Plan>, { kind: "start" }>;
type Submission = Extract<CeremonyInput<never>, { kind: "submit" }>;

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function start<Plan>({ nonce, threshold, plan, at }: Start<Plan>): CeremonyStep<Plan> {
  const state = { phase: "collecting", nonce, threshold, plan, shares: [], startedAt: at, progressAt: at } as const;
  return { state, outcome: "started", discard: [] };
}

function submit<Plan>(state: Running<Plan>, { nonce, share, at }: Submission): CeremonyStep<Plan> {
  const refused = (outcome: CeremonyOutcome): CeremonyStep<Plan> => ({ state, outcome, discard: [share] });
  if (nonce !== state.nonce) return refused("wrong-nonce");
  if (state.phase === "deciding") return refused("deciding");
  if (state.shares.some((each) => same(each, share))) return refused("repeated");
  const next = { ...state, shares: [...state.shares, share], progressAt: at };
  return next.shares.length < state.threshold
    ? { state: next, outcome: "counted", discard: [] }
    : { state: { ...next, phase: "deciding" }, outcome: "quorum", discard: [] };
}

/** Back to collecting with the first `kept` shares, after the quorum was decided about. */
function reopen<Plan>(
  state: Running<Plan>,
  kept: number,
  at: number,
  outcome: "rejected" | "withdrawn",
): CeremonyStep<Plan> {
  if (state.phase !== "deciding") return { state, outcome: "unchanged", discard: [] };
  const shares = state.shares.slice(0, kept);
  return {
    state: { ...state, phase: "collecting", shares, progressAt: at },
    outcome,
    discard: state.shares.slice(kept),
  };
}

function expire<Plan>(state: Running<Plan>, idleSince: number): CeremonyStep<Plan> {
  return state.phase === "deciding" || state.progressAt > idleSince
    ? { state, outcome: "unchanged", discard: [] }
    : { state: IDLE, outcome: "ended", discard: state.shares };
}

/** The next state for an input. Never throws. */
export function step<Plan>(state: Ceremony<Plan>, input: CeremonyInput<Plan>): CeremonyStep<Plan> {
  if (state.phase === "idle") {
    if (input.kind === "start") return start(input);
    return { state, outcome: "not-started", discard: input.kind === "submit" ? [input.share] : [] };
  }
  switch (input.kind) {
    case "start":
      return { state, outcome: "already-started", discard: [] };
    case "submit":
      return submit(state, input);
    case "reject":
      return reopen(state, 0, input.at, "rejected");
    case "withdraw":
      return reopen(state, state.shares.length - 1, input.at, "withdrawn");
    case "end":
      return { state: IDLE, outcome: "ended", discard: state.shares };
    case "expire":
      return expire(state, input.idleSince);
  }
}
