// SPDX-License-Identifier: Apache-2.0
/** `core/seal-config` and `core/recovery-config`: plain JSON that says how many shares there are and of what seal. */
import type { ShareNumbers } from "@sealwright/seal";
import * as z from "zod";
import { CoreError } from "./errors.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });
const MAX_SHARES = 255;

/** An auto seal without a recovery key has these. */
export const NO_SHARES: ShareNumbers = { shares: 0, threshold: 0 };

const schema = z
  .object({
    type: z.string().min(1),
    secret_shares: z.number().int().min(0).max(MAX_SHARES),
    secret_threshold: z.number().int().min(0).max(MAX_SHARES),
    pgp_keys: z.array(z.string()).nullable().default(null),
    nonce: z.string().default(""),
    backup: z.boolean().default(false),
  })
  .refine((it) => it.secret_threshold <= it.secret_shares && (it.secret_threshold > 0 || it.secret_shares === 0));

/** The JSON as OpenBao writes it. `type` is the seal's type; a recovery configuration's is that of the shares seal. */
export type SealConfig = z.output<typeof schema>;

/** The configuration of a seal of `type` with `numbers` of shares. */
export function sealConfig(type: string, numbers: ShareNumbers): SealConfig {
  return {
    type,
    secret_shares: numbers.shares,
    secret_threshold: numbers.threshold,
    pgp_keys: null,
    nonce: "",
    backup: false,
  };
}

/** The numbers of shares that a configuration names. */
export function numbersOf(config: SealConfig): ShareNumbers {
  return { shares: config.secret_shares, threshold: config.secret_threshold };
}

/** The bytes of a configuration entry. */
export function serializeSealConfig(config: SealConfig): Buffer {
  return Buffer.from(JSON.stringify(config));
}

/** Reads a configuration entry. Throws `ENTRY_CORRUPT`. */
export function parseSealConfig(path: string, bytes: Uint8Array): SealConfig {
  try {
    return schema.parse(JSON.parse(strictUtf8.decode(bytes)));
  } catch (cause) {
    throw new CoreError("ENTRY_CORRUPT", `the entry ${path} is not a seal configuration`, { cause });
  }
}

/**
 * Throws `INVALID_REQUEST` unless the numbers can be split: 1 to 255 shares, threshold 2 to shares, or 1 of 1. The
 * sentences about ranges are Vault's, since its clients show them.
 */
export function checkNumbers({ shares, threshold }: ShareNumbers): void {
  const refuse = (why: string): never => {
    throw new CoreError("INVALID_REQUEST", why);
  };
  if (!Number.isInteger(shares)) refuse("shares must be a whole number");
  if (!Number.isInteger(threshold)) refuse("threshold must be a whole number");
  if (shares < 1) refuse("shares must be at least one");
  if (threshold < 1) refuse("threshold must be at least one");
  if (shares > MAX_SHARES) refuse("shares must be less than 256");
  if (threshold > MAX_SHARES) refuse("threshold must be less than 256");
  if (threshold > shares) refuse("threshold cannot be larger than shares");
  if (shares > 1 && threshold === 1) refuse("threshold must be greater than one for multiple shares");
}
