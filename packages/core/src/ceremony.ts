// SPDX-License-Identifier: Apache-2.0
/**
 * The ceremony: collecting shares until a threshold, for unseal, rekey, generate-root and verification alike. A pure
 * state machine: `step` takes a state and an input and gives the next state, what became of the input, and the shares
 * that nobody needs any more and that the caller wipes. Locks, storage, seals and HTTP stand outside.
 */
import { timingSafeEqual } from "node:crypto";

/** Nothing is going on. */
export interface Idle {
  readonly phase: "idle";
}

/** Shares are coming in. `Plan` says what is to be done with the quorum, and is nothing to the machine. */
export interface Collecting<Plan> {
  readonly phase: "collecting";
  /** A UUID that tells this attempt from others. No secret. */
  readonly nonce: string;
  /** Shares needed, at least 1. */
  readonly threshold: number;
  readonly plan: Plan;
  /** Distinct shares so far, in order of arrival; owned by the machine. */
  readonly shares: readonly Uint8Array[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** When the last share counted, or the start. */
  readonly progressAt: number;
}

export type Ceremony<Plan> = Idle | Collecting<Plan>;

export type CeremonyInput<Plan> =
  | { readonly kind: "start"; readonly nonce: string; readonly threshold: number; readonly plan: Plan; at: number }
  /** The machine takes the share over, unless the outcome says that it did not count. */
  | { readonly kind: "submit"; readonly nonce: string; readonly share: Uint8Array; readonly at: number }
  /** The quorum proved wrong: shares go, attempt and nonce stay. */
  | { readonly kind: "reject"; readonly at: number }
  /** The attempt is over, done or given up. */
  | { readonly kind: "end" }
  /** The attempt is over if nothing counted since `idleSince` (milliseconds since the epoch). */
  | { readonly kind: "expire"; readonly idleSince: number };

/** What became of the input. `quorum`: the threshold is there, and the caller must install, reject or end. */
export type CeremonyOutcome =
  | "started"
  | "already-started"
  | "not-started"
  | "wrong-nonce"
  | "repeated"
  | "counted"
  | "quorum"
  | "rejected"
  | "ended"
  | "unchanged";

export interface CeremonyStep<Plan> {
  readonly state: Ceremony<Plan>;
  readonly outcome: CeremonyOutcome;
  /** Shares that left the state: the caller wipes them. */
  readonly discard: readonly Uint8Array[];
}

export const IDLE: Idle = { phase: "idle" };

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function submit<Plan>(
  state: Collecting<Plan>,
  input: { readonly nonce: string; readonly share: Uint8Array; readonly at: number },
): CeremonyStep<Plan> {
  if (input.nonce !== state.nonce) return { state, outcome: "wrong-nonce", discard: [input.share] };
  if (state.shares.some((share) => same(share, input.share))) {
    return { state, outcome: "repeated", discard: [input.share] };
  }
  const shares = [...state.shares, input.share];
  return {
    state: { ...state, shares, progressAt: input.at },
    outcome: shares.length >= state.threshold ? "quorum" : "counted",
    discard: [],
  };
}

/** The next state for an input. Never throws. */
export function step<Plan>(state: Ceremony<Plan>, input: CeremonyInput<Plan>): CeremonyStep<Plan> {
  if (input.kind === "start") {
    if (state.phase !== "idle") return { state, outcome: "already-started", discard: [] };
    const { nonce, threshold, plan, at } = input;
    const next: Collecting<Plan> = {
      phase: "collecting",
      nonce,
      threshold,
      plan,
      shares: [],
      startedAt: at,
      progressAt: at,
    };
    return { state: next, outcome: "started", discard: [] };
  }
  if (state.phase === "idle") {
    return { state, outcome: "not-started", discard: input.kind === "submit" ? [input.share] : [] };
  }
  switch (input.kind) {
    case "submit":
      return submit(state, input);
    case "reject":
      return { state: { ...state, shares: [], progressAt: input.at }, outcome: "rejected", discard: state.shares };
    case "end":
      return { state: IDLE, outcome: "ended", discard: state.shares };
    case "expire":
      return state.progressAt > input.idleSince
        ? { state, outcome: "unchanged", discard: [] }
        : { state: IDLE, outcome: "ended", discard: state.shares };
  }
}
