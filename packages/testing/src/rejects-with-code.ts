// SPDX-License-Identifier: Apache-2.0
import { AssertionError } from "node:assert";

/** An error that carries a code, as all errors of the project do, and most of them advice. */
export type CodedError = Error & { readonly code: string; readonly advice?: string };

function hasCode(error: unknown): error is CodedError {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/**
 * Asserts that `action`, a promise or a function that is called, rejects or throws an error with `code`; answers that
 * error, so that a test can look at its message. Throws an `AssertionError` that says what happened instead.
 */
export async function rejectsWithCode(
  action: PromiseLike<unknown> | (() => unknown),
  code: string,
): Promise<CodedError> {
  try {
    await (typeof action === "function" ? action() : action);
  } catch (error) {
    if (hasCode(error) && error.code === code) return error;
    const actual = hasCode(error) ? error.code : error instanceof Error ? error.name : typeof error;
    throw new AssertionError({
      message: `expected an error with code ${code}, got ${actual}: ${error instanceof Error ? error.message : error}`,
      expected: code,
      actual,
      stackStartFn: rejectsWithCode,
    });
  }
  throw new AssertionError({
    message: `expected an error with code ${code}, but nothing was refused`,
    expected: code,
    stackStartFn: rejectsWithCode,
  });
}
