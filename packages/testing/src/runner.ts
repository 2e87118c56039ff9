// SPDX-License-Identifier: Apache-2.0
/** What a conformance suite needs of a test runner; vitest, Jest and `node:test` with an `expect` all have it. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
  expect(actual: unknown): Expectation;
}

/** The assertions that the suites use. */
export interface Expectation {
  /** Identity, or equality of primitives. */
  toBe(expected: unknown): void;
  /** Deep equality. */
  toEqual(expected: unknown): void;
  /** A text contains a text. */
  toContain(expected: string): void;
  readonly not: Expectation;
}
