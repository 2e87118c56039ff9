// SPDX-License-Identifier: Apache-2.0
/**
 * Which seals a change of the keyring has to reach. A seal opens the storage by two things that it wraps apart: the root
 * key and its slot of the keyring. What counts is who has both.
 */
import { CoreError } from "../errors.ts";
import { refusalOf } from "./ask-all.ts";
import type { Outstanding } from "./outstanding.ts";
import type { Risk } from "./risk.ts";
import type { SealView } from "./seal-view.ts";

/** What a change asks of the seals. */
export interface Reach {
  /** The names of those that have the root key that the keyring is under. */
  readonly holders: readonly string[];
  /** The names of those without which nothing is to change. */
  readonly needed: readonly string[];
  /** Whether one of several may be the only one that opens the storage then. */
  readonly oneSealLeft: Risk;
}

/** The names of the seals of `view` that have its root key, by what is noted as `outstanding`. */
export function holdersIn(
  { keepers }: Pick<SealView, "keepers">,
  outstanding: readonly Outstanding[],
): readonly string[] {
  const lacks = ({ name, path }: { name: string; path: string }): boolean =>
    outstanding.some((each) => each.seal === name && each.path === path);
  return keepers.filter((each) => !lacks(each)).map(({ name }) => name);
}

/**
 * Throws unless those of `answered` that have the root key are enough: the failure of the others, `NO_SEAL_ANSWERS`, or
 * `FORCE_NEEDED` where it is one of several and that is not accepted.
 */
export function checkReach(
  { holders, needed, oneSealLeft }: Reach,
  { expected }: SealView,
  {
    answered,
    failed,
  }: { readonly answered: ReadonlyMap<string, unknown>; readonly failed: ReadonlyMap<string, unknown> },
  path: string,
): void {
  const [only, ...others] = holders.filter((name) => answered.has(name));
  if (only === undefined) throw refusalOf(failed, `no seal that has the root key wraps ${path}`);
  if (needed.some((name) => !answered.has(name))) throw refusalOf(failed, `a seal does not wrap ${path}`);
  if (others.length > 0 || expected.length < 2 || oneSealLeft === "accept") return;
  const cause = refusalOf(failed, `the other seals do not wrap ${path}`);
  throw new CoreError("FORCE_NEEDED", `only the seal ${only} would open the storage`, { cause });
}
