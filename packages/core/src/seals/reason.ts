// SPDX-License-Identifier: Apache-2.0
/** What a failure says of itself, in one sentence without advice. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
