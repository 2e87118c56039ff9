// SPDX-License-Identifier: Apache-2.0
/**
 * Shares of a 32-byte key over GF(2^8): 32 y values, then the x coordinate (1 to 255), as Vault writes them. One share
 * of one is the key itself, 32 bytes.
 */
import { KEY_BYTES, SealError, type ShareNumbers } from "@sealwright/seal";
import { split as evaluate, combine as interpolate } from "shamir-secret-sharing";

const SHARE_BYTES = KEY_BYTES + 1;
const MAX_SHARES = 255;

function refuseNumbers(message: string): never {
  throw new SealError("SEAL_CONFIG", message);
}

function refuseShares(message: string): never {
  throw new SealError("SEAL_BAD_CIPHERTEXT", message);
}

function checkNumbers({ shares, threshold }: ShareNumbers): void {
  if (!Number.isInteger(shares) || shares < 1 || shares > MAX_SHARES) {
    refuseNumbers(`a key is split into 1 to ${MAX_SHARES} shares, not ${shares}`);
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > shares) {
    refuseNumbers(`the threshold of ${shares} shares is a whole number from 1 to ${shares}, not ${threshold}`);
  }
  if (threshold === 1 && shares > 1) {
    refuseNumbers(`a threshold of 1 makes each of ${shares} shares the whole key: use at least 2, or a single share`);
  }
}

/** Splits `key` (32 bytes) as `numbers` say; see {@link ShareNumbers} for what is legal. */
export async function split(key: Uint8Array, numbers: ShareNumbers): Promise<Uint8Array[]> {
  if (key.length !== KEY_BYTES) refuseNumbers(`a key to split has ${KEY_BYTES} bytes, not ${key.length}`);
  checkNumbers(numbers);
  // A plain copy: the library refuses subclasses of Uint8Array, such as Buffer.
  const plain = Uint8Array.from(key);
  if (numbers.shares === 1) return [plain];
  try {
    return await evaluate(plain, numbers.shares, numbers.threshold);
  } finally {
    plain.fill(0);
  }
}

function checkSet(shares: readonly Uint8Array[]): void {
  if (shares.length > MAX_SHARES)
    refuseShares(`a key has at most ${MAX_SHARES} shares, and ${shares.length} were given`);
  const seen = new Set<number>();
  for (const [index, share] of shares.entries()) {
    const which = `share ${index + 1} of ${shares.length}`;
    if (share.length !== SHARE_BYTES) {
      refuseShares(
        `${which} has ${share.length} bytes: a share has ${SHARE_BYTES}, or ${KEY_BYTES} if it is the only one`,
      );
    }
    const x = share[SHARE_BYTES - 1]!;
    // At x = 0 the polynomial is the key itself, so no honest share stands there.
    if (x === 0) refuseShares(`${which} is not a share: its last byte is 0`);
    if (seen.has(x)) refuseShares(`${which} repeats another: each share may be given once`);
    seen.add(x);
  }
}

/**
 * The key (32 bytes) that `shares` give. Too few shares, or shares of several keys, give other bytes; malformed and
 * repeated ones reject with `SEAL_BAD_CIPHERTEXT`, naming their place in the list and nothing of their content.
 */
export async function combine(shares: readonly Uint8Array[]): Promise<Uint8Array> {
  const [first] = shares;
  if (first === undefined) refuseShares("no shares were given");
  if (shares.length === 1 && first.length === KEY_BYTES) return Uint8Array.from(first);
  checkSet(shares);
  if (shares.length === 1) refuseShares("one share of several was given: at least 2 are needed");
  const plain = shares.map((share) => Uint8Array.from(share));
  try {
    return await interpolate(plain);
  } finally {
    for (const share of plain) share.fill(0);
  }
}
