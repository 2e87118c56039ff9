// SPDX-License-Identifier: Apache-2.0
import { CoreError } from "./errors.ts";
import { RESERVED } from "./paths.ts";

/** Throws `INVALID_REQUEST` for a path that is the store's own. */
export function refuseReserved(path: string): void {
  const reserved = RESERVED.find((prefix) => path.startsWith(prefix));
  if (reserved === undefined) return;
  throw new CoreError("INVALID_REQUEST", `the path ${path} is below ${reserved}, the store's own`);
}
