// SPDX-License-Identifier: Apache-2.0
import { type Ceremony, type CeremonyInput, type CeremonyStep, IDLE, step } from "@sealwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NONCE = "nonce-a";
const share = (byte: number): Uint8Array => new Uint8Array(33).fill(byte);
const start = (threshold: number): CeremonyInput<string> => ({
  kind: "start",
  nonce: NONCE,
  threshold,
  plan: "p",
  at: 1,
});
const submit = (byte: number, nonce = NONCE): CeremonyInput<string> => ({
  kind: "submit",
  nonce,
  share: share(byte),
  at: 2,
});

/** The state after `inputs`, and every outcome on the way. */
function run(...inputs: CeremonyInput<string>[]): { state: Ceremony<string>; outcomes: string[]; discarded: number[] } {
  let state: Ceremony<string> = IDLE;
  const outcomes: string[] = [];
  const discarded: number[] = [];
  for (const input of inputs) {
    const next: CeremonyStep<string> = step(state, input);
    state = next.state;
    outcomes.push(next.outcome);
    discarded.push(...next.discard.map((each) => each[0]!));
  }
  return { state, outcomes, discarded };
}

const bytesOf = (state: Ceremony<string>): number[] =>
  state.phase === "idle" ? [] : state.shares.map((each) => each[0]!);

describe("a ceremony", () => {
  it("collects distinct shares until the threshold, then waits for a decision", () => {
    const { state, outcomes } = run(start(3), submit(1), submit(2), submit(3));
    expect(outcomes).toEqual(["started", "counted", "counted", "quorum"]);
    expect(state.phase).toBe("deciding");
    expect(bytesOf(state)).toEqual([1, 2, 3]);
  });

  it("has its quorum at once where one share is enough", () => {
    expect(run(start(1), submit(1)).outcomes).toEqual(["started", "quorum"]);
  });

  it("does not count a share that is there already", () => {
    const { state, outcomes, discarded } = run(start(3), submit(1), submit(1));
    expect(outcomes.at(-1)).toBe("repeated");
    expect(bytesOf(state)).toEqual([1]);
    expect(discarded).toEqual([1]);
  });

  it("does not take a prefix of a share for the share", () => {
    const short: CeremonyInput<string> = { kind: "submit", nonce: NONCE, share: share(1).subarray(0, 32), at: 2 };
    expect(run(start(3), submit(1), short).outcomes.at(-1)).toBe("counted");
  });

  it("does not count a share under another nonce, whatever the phase, and keeps its time", () => {
    for (const before of [
      [start(3), submit(1)],
      [start(1), submit(1)],
    ]) {
      const { state } = run(...before);
      const next = step(state, submit(9, "nonce-b"));
      expect(next).toEqual({ state, outcome: "wrong-nonce", discard: [share(9)] });
    }
  });

  it("takes no share while its quorum is being tried", () => {
    const { state, outcomes, discarded } = run(start(2), submit(1), submit(2), submit(3), submit(2));
    expect(outcomes.slice(-2)).toEqual(["deciding", "deciding"]);
    expect(bytesOf(state)).toEqual([1, 2]);
    expect(discarded).toEqual([3, 2]);
  });

  it("goes on from no shares, under the same nonce, when the quorum proved wrong", () => {
    const { state, outcomes, discarded } = run(start(2), submit(1), submit(2), { kind: "reject", at: 3 });
    expect(outcomes.at(-1)).toBe("rejected");
    expect(state).toMatchObject({ phase: "collecting", nonce: NONCE, shares: [], startedAt: 1, progressAt: 3 });
    expect(discarded).toEqual([1, 2]);
  });

  it("loses only its last share when the quorum could not be tried, and tries again with it", () => {
    const { state, outcomes, discarded } = run(start(2), submit(1), submit(2), { kind: "withdraw", at: 3 }, submit(2));
    expect(outcomes.slice(-2)).toEqual(["withdrawn", "quorum"]);
    expect(bytesOf(state)).toEqual([1, 2]);
    expect(discarded).toEqual([2]);
  });

  it.each(["reject", "withdraw"] as const)("ignores a verdict (%s) on a quorum that is not there", (kind) => {
    const { state, outcomes } = run(start(2), submit(1), { kind, at: 3 });
    expect(outcomes.at(-1)).toBe("unchanged");
    expect(bytesOf(state)).toEqual([1]);
  });

  it("refuses a second start, and keeps the first attempt", () => {
    const { state } = run(start(2), submit(1));
    const next = step(state, { kind: "start", nonce: "other", threshold: 1, plan: "q", at: 9 });
    expect(next).toEqual({ state, outcome: "already-started", discard: [] });
  });

  it.each<CeremonyInput<string>>([
    submit(1),
    { kind: "reject", at: 1 },
    { kind: "withdraw", at: 1 },
    { kind: "end" },
    { kind: "expire", idleSince: 1 },
  ])("that was not started stays idle for %o", (input) => {
    const { state, outcomes, discarded } = run(input);
    expect([state, outcomes]).toEqual([IDLE, ["not-started"]]);
    expect(discarded).toEqual(input.kind === "submit" ? [1] : []);
  });

  it("gives up all shares when it ends, from either phase", () => {
    expect(run(start(2), submit(1), { kind: "end" })).toMatchObject({ state: IDLE, discarded: [1] });
    expect(run(start(2), submit(1), submit(2), { kind: "end" })).toMatchObject({ state: IDLE, discarded: [1, 2] });
  });

  it("expires only when nothing counted since, and never while its quorum is being tried", () => {
    const collecting = run(start(2), submit(1)).state; // progress at 2
    expect(step(collecting, { kind: "expire", idleSince: 1 }).outcome).toBe("unchanged");
    expect(step(collecting, { kind: "expire", idleSince: 2 })).toEqual({
      state: IDLE,
      outcome: "ended",
      discard: [share(1)],
    });
    const deciding = run(start(1), submit(1)).state;
    expect(step(deciding, { kind: "expire", idleSince: 99 })).toEqual({
      state: deciding,
      outcome: "unchanged",
      discard: [],
    });
  });
});

/** Few shares and nonces, so that repeats and mistakes are common. */
const anyInput: fc.Arbitrary<CeremonyInput<string>> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("start" as const),
      nonce: fc.constantFrom("a", "b"),
      threshold: fc.integer({ min: 1, max: 4 }),
      plan: fc.constant("p"),
      at: fc.nat(20),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("submit" as const),
      nonce: fc.constantFrom("a", "a", "a", "b"),
      share: fc.integer({ min: 0, max: 5 }).map(share),
      at: fc.nat(20),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("reject" as const, "withdraw" as const), at: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), idleSince: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "end" as const }) },
);

describe("any interleaving of inputs", () => {
  type Check = (before: Ceremony<string>, input: CeremonyInput<string>, after: CeremonyStep<string>) => void;

  /** Steps through `inputs` from idle. Every state is frozen first, so that a step that changes one in place throws. */
  const walk = (inputs: CeremonyInput<string>[], check: Check): void => {
    let state: Ceremony<string> = IDLE;
    for (const input of inputs) {
      if (state.phase !== "idle") Object.freeze(state.shares);
      const before: Ceremony<string> = Object.freeze(state);
      const after: CeremonyStep<string> = step(before, input);
      check(before, input, after);
      state = after.state;
    }
  };

  it("keeps the count at or below the threshold, and at it exactly while deciding", () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
        walk(inputs, (_, __, { state }) => {
          if (state.phase === "collecting") expect(state.shares.length).toBeLessThan(state.threshold);
          if (state.phase === "deciding") expect(state.shares.length).toBe(state.threshold);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("moves the count by one share at most, and only for a new share under the right nonce", () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
        walk(inputs, (before, input, { state, outcome }) => {
          const grew = bytesOf(state).length - bytesOf(before).length;
          expect(grew).toBeLessThanOrEqual(1);
          const counts = outcome === "counted" || outcome === "quorum";
          expect(grew === 1).toBe(counts);
          if (!counts || input.kind !== "submit" || before.phase === "idle") return;
          expect(before.phase).toBe("collecting");
          expect(input.nonce).toBe(before.nonce);
          expect(bytesOf(before)).not.toContain(input.share[0]);
          expect(new Set(bytesOf(state)).size).toBe(bytesOf(state).length);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("lets every share that enters leave exactly once, or stay", () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
        const inside = new Set<Uint8Array>();
        walk(inputs, (_, input, { state, discard }) => {
          if (input.kind === "submit") inside.add(input.share);
          for (const each of discard) expect(inside.delete(each)).toBe(true);
          expect(new Set(state.phase === "idle" ? [] : state.shares)).toEqual(inside);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("changes nonce, threshold and plan by a start only, and keeps the state itself where nothing came of an input", () => {
    const idleOutcomes = ["already-started", "not-started", "wrong-nonce", "repeated", "deciding", "unchanged"];
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
        walk(inputs, (before, _, { state, outcome }) => {
          if (idleOutcomes.includes(outcome)) expect(state).toBe(before);
          if (before.phase === "idle" || state.phase === "idle") return;
          const { nonce, threshold, plan, startedAt } = before;
          expect(state).toMatchObject({ nonce, threshold, plan, startedAt });
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe("every sequence of five inputs", () => {
  it("keeps the invariants, exhaustively", () => {
    const alphabet: CeremonyInput<string>[] = [
      start(2),
      submit(1),
      submit(2),
      submit(3),
      submit(1, "other"),
      { kind: "reject", at: 3 },
      { kind: "withdraw", at: 3 },
      { kind: "end" },
      { kind: "expire", idleSince: 2 },
    ];
    let sequences = 0;
    const explore = (state: Ceremony<string>, entered: number, left: number, depth: number): void => {
      const held = bytesOf(state);
      expect(held.length).toBe(entered - left);
      expect(held.length).toBeLessThanOrEqual(state.phase === "idle" ? 0 : state.threshold);
      if (depth === 0) {
        sequences++;
        return;
      }
      for (const input of alphabet) {
        const next = step(state, input);
        explore(next.state, entered + (input.kind === "submit" ? 1 : 0), left + next.discard.length, depth - 1);
      }
    };
    explore(IDLE, 0, 0, 5);
    expect(sequences).toBe(alphabet.length ** 5);
  });
});
