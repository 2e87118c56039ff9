// SPDX-License-Identifier: Apache-2.0
/** From what a client asks for to a rekey that the core runs: everything is checked before the ceremony starts. */
import { CoreError, checkNumbers, type Delivery, NO_SHARES, paths, type RekeyRequest } from "@sealwright/core";
import { HttpError } from "../http/problem.ts";
import { PgpKeyError, type Recipient, readPublicKeys } from "../pgp/public-keys.ts";
import { backupEntry, type DeliveredShares, deliverShares } from "./delivery.ts";
import type { RekeyDetails } from "./details.ts";

/** Whose shares are replaced. */
export type Target = "barrier" | "recovery";

/** What a client asks for. */
export interface RekeyOrder {
  readonly shares: number;
  readonly threshold: number;
  /** Base64 public keys, one per share; none for shares in the clear. */
  readonly pgpKeys: readonly string[];
  readonly backup: boolean;
  readonly verification: boolean;
  /** Old shares may be in wrong hands: a new data key term comes with the new key. */
  readonly compromised: boolean;
  /** Go on even where the new root key reaches one seal of several only. */
  readonly force: boolean;
  /** The client's address. */
  readonly startedBy: string;
}

/** What the last share of a rekey is answered with. */
export interface RekeyAnswer extends DeliveredShares, Omit<RekeyDetails, "startedBy"> {
  readonly verification: boolean;
}

const BACKUPS: Readonly<Record<Target, string>> = {
  barrier: paths.UNSEAL_KEYS_BACKUP,
  recovery: paths.RECOVERY_KEYS_BACKUP,
};

/** Where the backup of a target's shares stands. */
export function backupPath(target: Target): string {
  return BACKUPS[target];
}

/** The keys in `texts`, one per share. Throws 400, naming the key by its number, or null where there are none. */
export async function recipientsFor(
  texts: readonly string[],
  shares: number,
  configuration: string,
): Promise<Recipient[] | null> {
  if (texts.length === 0) return null;
  if (texts.length !== shares) {
    throw new HttpError(
      400,
      `invalid ${configuration} configuration: count mismatch between number of provided PGP keys and number of ` +
        `shares: ${texts.length} keys for ${shares} shares`,
    );
  }
  try {
    return await readPublicKeys(texts);
  } catch (error) {
    if (!(error instanceof PgpKeyError)) throw error;
    throw new HttpError(400, `invalid ${configuration} configuration: ${error.message}`);
  }
}

function checkShareNumbers({ shares, threshold }: RekeyOrder, configuration: string): void {
  try {
    checkNumbers({ shares, threshold });
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new HttpError(400, `invalid ${configuration} configuration: ${error.message}`);
  }
}

/** A new root key of an auto seal has no shares: what is about shares cannot be asked for. */
function refuseForRootKey({ pgpKeys, backup, verification }: RekeyOrder): void {
  const refuse = (what: string): never => {
    throw new HttpError(
      400,
      `${what} not supported when rekeying the barrier key with recovery keys: it has no shares`,
    );
  };
  if (pgpKeys.length > 0) refuse("PGP key encryption");
  if (verification) refuse("requiring verification");
  if (backup) refuse("a backup of the new keys");
}

/** The request that `order` is. Throws 400 for what does not fit the seal, and for every PGP key that will not do. */
export async function rekeyRequest(
  target: Target,
  autoSealed: boolean,
  order: RekeyOrder,
): Promise<RekeyRequest<RekeyAnswer, RekeyDetails>> {
  const rootKeyOnly = autoSealed && target === "barrier";
  if (order.backup && order.pgpKeys.length === 0) {
    throw new HttpError(400, "cannot request a backup of the new keys without providing PGP keys for encryption");
  }
  const configuration = target === "recovery" ? "recovery" : "rekey seal";
  if (rootKeyOnly) refuseForRootKey(order);
  else checkShareNumbers(order, configuration);
  const recipients = await recipientsFor(order.pgpKeys, order.shares, configuration);
  const { backup, startedBy, verification } = order;
  const fingerprints = recipients?.map(({ fingerprint }) => fingerprint) ?? null;
  return {
    numbers: rootKeyOnly ? NO_SHARES : { shares: order.shares, threshold: order.threshold },
    verification: verification ? "prove" : "none",
    term: order.compromised ? "add" : "keep",
    oneSealLeft: order.force ? "accept" : "refuse",
    details: { startedBy, fingerprints, backup },
    async deliver(shares, nonce): Promise<Delivery<RekeyAnswer>> {
      const delivered = await deliverShares(shares, recipients);
      const entries =
        backup && recipients !== null ? [backupEntry(backupPath(target), nonce, recipients, delivered)] : [];
      return { answer: { ...delivered, fingerprints, backup, verification }, entries };
    },
  };
}
