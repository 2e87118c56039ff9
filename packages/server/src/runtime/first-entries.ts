// SPDX-License-Identifier: Apache-2.0
import type { FirstEntries } from "../endpoints/init.ts";
import { firstMounts } from "../mounts/mount-table.ts";
import { firstPolicies } from "../policies/policy-store.ts";
import { firstRootToken } from "../tokens/root-token.ts";

/** What a new store, or one that is adopted, gets in one batch: our tables and the first token. */
export function firstEntries(now: Date): FirstEntries {
  const { token, changes } = firstRootToken(now);
  return { rootToken: token, changes: [...changes, ...firstPolicies(now), ...firstMounts()] };
}
