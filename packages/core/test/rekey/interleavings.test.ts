// SPDX-License-Identifier: Apache-2.0
/** Random ceremonies against a model of what holders expect: any interleaving keeps exactly one set of shares in force. */
import { ANY_ATTEMPT } from "@sealwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bytes,
  type HexRekey,
  hexRequest,
  type Kind,
  kinds,
  type Opened,
  obeys,
  openedStore,
  rekeyOf,
  type Shares,
} from "./support.ts";

/** A set of shares and how many of them are needed. */
interface Set_ {
  readonly shares: Shares;
  readonly threshold: number;
}

interface Attempt {
  nonce: string;
  readonly next: { shares: number; threshold: number };
  readonly proves: boolean;
  readonly counted: Set<number>;
  /** New shares that wait to be proved. */
  pending: { readonly set: Set_; nonce: string; readonly counted: Set<number> } | undefined;
}

const numbers = fc.constantFrom(
  { shares: 1, threshold: 1 },
  { shares: 3, threshold: 2 },
  { shares: 3, threshold: 3 },
  { shares: 4, threshold: 2 },
);
const index = fc.nat({ max: 3 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const), next: numbers, proves: fc.boolean() }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant("submit" as const), index }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("prove" as const), index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wrong" as const),
      what: fc.constantFrom("nonce", "length", "old set", "no nonce"),
      index,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("cancel" as const), by: fc.constantFrom("nonce", "any", "wrong") }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("seal" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("idle" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("write" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function refused(outcome: Promise<unknown>): Promise<void> {
  await expect(outcome).rejects.toMatchObject({ name: "CoreError" });
}

class Run {
  readonly #opened: Opened;
  readonly #rekey: HexRekey;
  #now = 0;
  #attempt: Attempt | undefined;
  #current: Set_;
  /** Sets that must never be obeyed: replaced, or never in force. */
  readonly #others: Set_[] = [];

  private constructor(opened: Opened) {
    this.#opened = opened;
    this.#current = { shares: opened.shares, threshold: 2 };
    this.#rekey = rekeyOf(opened, { now: () => this.#now });
  }

  static async begin(kind: Kind): Promise<Run> {
    return new Run(await openedStore(kind));
  }

  async step(it: Step): Promise<void> {
    this.#now++;
    switch (it.do) {
      case "start":
        return this.#start(it.next, it.proves);
      case "submit":
        return this.#submit(it.index % this.#current.shares.length);
      case "prove":
        return this.#prove(it.index);
      case "wrong":
        return this.#wrong(it.what, it.index);
      case "restart":
        return this.#restart();
      case "cancel":
        return this.#cancel(it.by);
      case "seal":
        return this.#seal();
      case "idle":
        this.#now += 1000;
        expect(this.#rekey.expire(1000)).toBe(this.#attempt !== undefined);
        return this.#end();
      case "write":
        return this.#opened.store.put(`at/${this.#now}`, Buffer.from("x"));
    }
  }

  /** What the store tells is what the model expects. */
  check(): void {
    const { current } = this.#rekey;
    const attempt = this.#attempt;
    expect(current?.nonce).toBe(attempt?.nonce);
    expect(current?.progress).toBe(attempt && (attempt.pending === undefined ? attempt.counted.size : 0));
    expect(current?.verifying?.progress).toBe(attempt?.pending?.counted.size);
    expect(current?.verifying?.nonce).toBe(attempt?.pending?.nonce);
  }

  /** Exactly the set in force is obeyed by a fresh store. */
  async finish(): Promise<void> {
    const { kind, store, storage } = this.#opened;
    await store.seal();
    this.#end();
    expect(await obeys(kind, storage, this.#current.shares.slice(0, this.#current.threshold))).toBe(true);
    for (const { shares, threshold } of this.#others) {
      expect(await obeys(kind, storage, shares.slice(0, threshold))).toBe(false);
    }
  }

  async #start(next: Attempt["next"], proves: boolean): Promise<void> {
    const request = hexRequest(next, { verification: proves ? "prove" : "none" });
    if (this.#attempt !== undefined) return refused(this.#rekey.start(request));
    const { nonce } = await this.#rekey.start(request);
    this.#attempt = { nonce, next, proves, counted: new Set(), pending: undefined };
  }

  async #submit(at: number): Promise<void> {
    const attempt = this.#attempt;
    const share = this.#current.shares[at]!;
    if (attempt === undefined) return refused(this.#rekey.submit("none", share));
    if (attempt.counted.has(at) && attempt.pending === undefined) {
      return refused(this.#rekey.submit(attempt.nonce, share));
    }
    if (attempt.pending !== undefined) {
      const again = await this.#rekey.submit(attempt.nonce, share).catch(() => undefined);
      // Only whoever gave the last share gets the answer again.
      if (again !== undefined) expect(again.complete).toBe(true);
      return;
    }
    const outcome = await this.#rekey.submit(attempt.nonce, share);
    attempt.counted.add(at);
    expect(outcome.complete).toBe(attempt.counted.size === this.#current.threshold);
    if (outcome.complete) this.#made(attempt, bytes(outcome.answer));
  }

  #made(attempt: Attempt, shares: Shares): void {
    const set = { shares, threshold: attempt.next.threshold };
    if (!attempt.proves) this.#replace(set);
    else attempt.pending = { set, nonce: this.#rekey.current?.verifying?.nonce ?? "", counted: new Set() };
  }

  async #prove(at: number): Promise<void> {
    const pending = this.#attempt?.pending;
    if (pending === undefined) return refused(this.#rekey.verify("none", this.#current.shares[0]!));
    const position = at % pending.set.shares.length;
    const share = pending.set.shares[position]!;
    if (pending.counted.has(position)) return refused(this.#rekey.verify(pending.nonce, share));
    const { complete } = await this.#rekey.verify(pending.nonce, share);
    pending.counted.add(position);
    expect(complete).toBe(pending.counted.size === pending.set.threshold);
    if (complete) this.#replace(pending.set);
  }

  async #wrong(what: string, at: number): Promise<void> {
    const share = this.#current.shares[at % this.#current.shares.length]!;
    const nonce = this.#attempt?.nonce ?? "none";
    if (what === "nonce") return refused(this.#rekey.submit("wrong", share));
    if (what === "no nonce") return refused(this.#rekey.verify("", share));
    if (what === "length") return refused(this.#rekey.submit(nonce, new Uint8Array(7)));
    const old = this.#others[at % this.#others.length];
    // One that was forgotten at a seal may count, and then spoils its quorum: the model does not go there.
    if (old === undefined || this.#sealedSince(old)) return;
    await refused(this.#rekey.submit(nonce, old.shares[0]!));
  }

  readonly #forgotten = new Set<Set_>();

  #sealedSince(set: Set_): boolean {
    return this.#forgotten.has(set) || !this.#seen.has(set.shares[0]!);
  }

  /** Shares that the store has seen, and so can tell from others. */
  readonly #seen = new Set<Uint8Array>();

  async #restart(): Promise<void> {
    const pending = this.#attempt?.pending;
    if (pending === undefined) return refused(this.#rekey.restartVerification());
    const { verifying } = await this.#rekey.restartVerification();
    pending.nonce = verifying?.nonce ?? "";
    pending.counted.clear();
  }

  async #cancel(by: string): Promise<void> {
    if (by === "wrong" && this.#attempt !== undefined) return refused(this.#rekey.cancel("wrong"));
    await this.#rekey.cancel(by === "any" ? ANY_ATTEMPT : (this.#attempt?.nonce ?? "none"));
    this.#end();
  }

  async #seal(): Promise<void> {
    const { kind, store } = this.#opened;
    await store.seal();
    await refused(this.#rekey.submit("none", this.#current.shares[0]!));
    this.#end();
    for (const set of this.#others) this.#forgotten.add(set);
    await kind.unseal(store, this.#current.shares.slice(0, this.#current.threshold));
  }

  #replace(set: Set_): void {
    for (const at of this.#attempt?.counted ?? []) this.#seen.add(this.#current.shares[at]!);
    this.#others.push(this.#current);
    this.#current = set;
    this.#attempt = undefined;
  }

  #end(): void {
    const pending = this.#attempt?.pending;
    if (pending !== undefined) {
      for (const share of pending.set.shares) this.#seen.add(share);
      this.#others.push(pending.set);
    }
    this.#attempt = undefined;
  }
}

describe.each(kinds)("any interleaving of ceremonies on $name", (kind) => {
  it("keeps progress as told, and exactly one set of shares in force", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const run = await Run.begin(kind);
        for (const each of steps) {
          await run.step(each);
          run.check();
        }
        await run.finish();
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
