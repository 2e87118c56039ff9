// SPDX-License-Identifier: Apache-2.0
/** Tries each seal now and then, so that one that no longer works is known before it is needed. */
import type { SealHealth } from "./seal-health.ts";

/** A seal that is looked after. */
export interface MonitoredSeal {
  readonly name: string;
  readonly health: SealHealth;
  /** Has the seal wrap and unwrap something. Rejects where that fails or comes out wrong. */
  prove(): Promise<void>;
}

/** How often seals are tried, in milliseconds. */
export interface ProbeIntervals {
  readonly healthy: number;
  readonly unhealthy: number;
}

/** The first try: long enough for what a start or an unseal causes to be over, and within the first minute. */
const FIRST_TRY_MS = 30_000;
/** Each wait is up to a tenth shorter or longer, so that servers that started together don't ask together for ever. */
const JITTER = 0.1;

/** Probes seals: those that are fine and in use seldom, those that are not more often. Its waits keep no process alive. */
export class HealthMonitor {
  readonly #intervals: ProbeIntervals;
  readonly #random: () => number;
  readonly #timers = new Map<MonitoredSeal, NodeJS.Timeout>();

  /** `random` gives 0 up to but not including 1. */
  constructor(intervals: ProbeIntervals, random: () => number = Math.random) {
    this.#intervals = intervals;
    this.#random = random;
  }

  /** Looks after `seal` from now on. */
  add(seal: MonitoredSeal): void {
    this.#schedule(seal, FIRST_TRY_MS);
    // A failure of other calls shall not wait for the healthy interval.
    seal.health.onChange(() => {
      if (this.#timers.has(seal)) this.#scheduleNext(seal);
    });
  }

  /** Forgets `seal`. */
  remove(seal: MonitoredSeal): void {
    clearTimeout(this.#timers.get(seal));
    this.#timers.delete(seal);
  }

  /** Tries all seals within the next minute, unless they have proved themselves by then. */
  trySoon(): void {
    for (const seal of this.#timers.keys()) this.#schedule(seal, FIRST_TRY_MS);
  }

  /** Ends all tries; what becomes of one in flight is not looked at any more. */
  stop(): void {
    for (const seal of this.#timers.keys()) this.remove(seal);
  }

  #scheduleNext(seal: MonitoredSeal): void {
    const fine = ["healthy", "untried"].includes(seal.health.report.state);
    this.#schedule(seal, fine ? this.#intervals.healthy : this.#intervals.unhealthy);
  }

  #schedule(seal: MonitoredSeal, milliseconds: number): void {
    clearTimeout(this.#timers.get(seal));
    const wait = milliseconds * (1 - JITTER + 2 * JITTER * this.#random());
    this.#timers.set(seal, setTimeout(() => void this.#try(seal), wait).unref());
  }

  async #try(seal: MonitoredSeal): Promise<void> {
    const { health } = seal;
    const age = health.report.state === "healthy" ? health.proofAge : undefined;
    if (age !== undefined && age < this.#intervals.healthy * (1 - JITTER)) {
      this.#schedule(seal, this.#intervals.healthy - age);
      return;
    }
    if (!health.final) {
      try {
        await seal.prove();
        health.proved();
      } catch (error) {
        if (this.#timers.has(seal)) health.disproved(error);
      }
    }
    if (this.#timers.has(seal)) this.#scheduleNext(seal);
  }
}
