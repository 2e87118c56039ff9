// SPDX-License-Identifier: Apache-2.0

/** The Castagnoli polynomial, bits reversed (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;

/**
 * The CRC32C of `bytes`, 0 to 2^32 - 1. Bit by bit and on its own, apart from what clients under test use: a mistake
 * that both shared would never show.
 */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  }
  return ~remainder >>> 0;
}
