// SPDX-License-Identifier: Apache-2.0
/** How shares reach their holders: as text, or encrypted to each holder's PGP key. */
import type { Change } from "@sealwright/core";
import { encryptTo, type Recipient } from "../pgp/public-keys.ts";

/** Shares, or PGP messages that hold them, as they are answered: each text once in hex and once in base64. */
export interface DeliveredShares {
  readonly keys: readonly string[];
  readonly keys_base64: readonly string[];
}

/** A delivered share's bytes: the share itself, or a PGP message that holds its hex text. */
async function messages(shares: readonly Uint8Array[], recipients: readonly Recipient[] | null): Promise<Buffer[]> {
  if (recipients === null) return shares.map((share) => Buffer.from(share));
  return Promise.all(
    recipients.map((recipient, index) =>
      encryptTo(recipient, Buffer.from(shares[index] ?? missing(index)).toString("hex")),
    ),
  );
}

function missing(index: number): never {
  throw new RangeError(`there is no share for PGP key ${index + 1}`);
}

/** `shares` (borrowed) as text, for `recipients` in order, or in the clear where those are null. */
export async function deliverShares(
  shares: readonly Uint8Array[],
  recipients: readonly Recipient[] | null,
): Promise<DeliveredShares> {
  const bytes = await messages(shares, recipients);
  const delivered = {
    keys: bytes.map((each) => each.toString("hex")),
    keys_base64: bytes.map((each) => each.toString("base64")),
  };
  for (const each of bytes) each.fill(0);
  return delivered;
}

/** The entry that keeps PGP-encrypted shares on the server, as OpenBao writes it. */
export function backupEntry(
  path: string,
  nonce: string,
  recipients: readonly Recipient[],
  { keys }: DeliveredShares,
): Change {
  const byFingerprint = Object.fromEntries(recipients.map(({ fingerprint }, index) => [fingerprint, [keys[index]]]));
  return { op: "put", path, value: Buffer.from(JSON.stringify({ Nonce: nonce, Keys: byFingerprint })) };
}
