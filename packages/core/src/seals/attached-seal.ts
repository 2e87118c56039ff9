// SPDX-License-Identifier: Apache-2.0
import type { Seal } from "@sealwright/seal";
import { CoreError } from "../errors.ts";

/**
 * `enabled`: opens the storage and is given every new key. `disabled`: still opens what it holds, such as the old seal
 * of a migration, and wraps nothing new.
 */
export type SealState = "enabled" | "disabled";

/** A seal that is configured for a store, under the name that the storage knows it by. */
export interface AttachedSeal {
  /** 1 to 32 letters, digits, `-`, `_` and `.`, beginning with a letter or digit. A part of paths. */
  readonly name: string;
  /** 1 is asked first. Among equals the one that was attached first is. */
  readonly priority: number;
  readonly state: SealState;
  readonly seal: Seal;
  /** Why it makes the whole weaker beside other seals, in a sentence, if it does: whoever adds it has to accept that. */
  readonly weakness?: string;
}

// An RSA key of 2,048 bits wraps at most 190 bytes: the name stands twice beside the root key in what is wrapped.
const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/i;

/** What the recovery key is called among the seals of a storage where it opens it. No seal is configured under it. */
export const RECOVERY_KEYS = "recovery-keys";

/** Throws `INVALID_REQUEST` unless `name` can name a seal. */
export function checkSealName(name: string): void {
  if (NAME.test(name) && name !== RECOVERY_KEYS) return;
  const rule = `1 to 32 letters, digits, dots, - and _, beginning with a letter or a digit, and not ${RECOVERY_KEYS}`;
  throw new CoreError("INVALID_REQUEST", `a seal cannot be called ${JSON.stringify(name.slice(0, 80))}: use ${rule}`);
}

/** A seal alone, under the name of its type. */
export function soleSeal(seal: Seal): readonly AttachedSeal[] {
  return [{ name: seal.type, priority: 1, state: "enabled", seal }];
}
