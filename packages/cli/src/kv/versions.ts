// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";

/** The versions of a comma-separated list. Throws `UsageError` unless each is a whole number above 0. */
export function parseVersions(list: string): readonly number[] {
  return list.split(",").map((word) => {
    const version = Number(word.trim());
    if (!/^\d+$/.test(word.trim()) || version < 1) {
      throw new UsageError(`invalid value ${JSON.stringify(list)} for flag -versions: expected numbers such as 1,2,3`);
    }
    return version;
  });
}
