// SPDX-License-Identifier: Apache-2.0
const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/**
 * How long, in milliseconds, to wait before the process is started again after it ended `failures` times in a row
 * without answering in between: not at all after the first time, then growing up to ten seconds. `random` (0 to 1)
 * takes off up to a quarter, so that several hosts don't start at the same moment.
 */
export function pauseAfter(failures: number, random: number = Math.random()): number {
  if (failures <= 1) return 0;
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 2)) * (1 - random / 4);
}
