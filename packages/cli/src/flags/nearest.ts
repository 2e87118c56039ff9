// SPDX-License-Identifier: Apache-2.0
import { closest, distance } from "fastest-levenshtein";

/** The known word that `typed` is most likely meant to be; undefined when none is near. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(typed, known);
  const edits = distance(typed, best);
  return edits < best.length && edits <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
}
