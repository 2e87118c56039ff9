// SPDX-License-Identifier: Apache-2.0
/** What a look at a seal's backend brings to light, for `seal doctor`. Nothing in it is secret. */

/** One thing that was looked at. */
export interface Check {
  readonly status: "ok" | "warning" | "failed";
  /** One sentence. */
  readonly what: string;
  /** What to do about a warning or failure. */
  readonly advice?: string;
}

/** Facts under a title, each a name and a value. */
export interface FactSheet {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** What a plugin found out about its backend. */
export interface Diagnosis {
  readonly sheets: readonly FactSheet[];
  readonly checks: readonly Check[];
  /** Whether a wrap may be tried: nothing stands in its way, it costs no try of a PIN, and it makes no key. */
  readonly ready: boolean;
}

/** What a plugin without a `diagnose` of its own has to say. */
export const NOTHING_FOUND: Diagnosis = { sheets: [], checks: [], ready: true };
