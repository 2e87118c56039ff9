// SPDX-License-Identifier: Apache-2.0
/**
 * The count of encryptions under one data key, and how far it may go. It may go up to a ceiling that is on disk, so that
 * a process that is killed leaves a number behind that is not below what it did.
 */

/** A ceiling is this part of `max_operations` above the count when it is made. */
const BLOCKS = 256n;
/**
 * Encryptions below the ceiling that are for ceiling entries alone: one is encrypted while the previous ceiling still
 * holds, and again after every kill that comes before it is on disk.
 */
const RESERVE = 16;
/** Below, the reserve would leave no room for anything else. */
const LEAST_BLOCK = 4 * RESERVE;

/** How far apart ceilings are, in encryptions, under a rotation at `maxOperations`. */
export function blockOf(maxOperations: bigint): number {
  return Math.max(Number(maxOperations / BLOCKS), LEAST_BLOCK);
}

/**
 * How often a key with random nonces may encrypt: 2^32 times (SP 800-38D, section 8.3), of which 2^16 are kept for what
 * data never needs: ceilings, and the rotations and rekeys that bring another key.
 */
const MOST_DATA = (1n << 32n) - (1n << 16n);

export class EncryptionCount {
  readonly #start: bigint;
  // How many may be made since the start before data is refused; below 0 where that is long past.
  readonly #left: number;
  // Since the start, as numbers for speed: 2^53 encryptions take centuries.
  #made = 0;
  #limit: number;
  #block: number;

  /**
   * Goes on from `start` encryptions. `ceiling` is what is on disk; none is needed for a key that is not on disk itself.
   */
  constructor(start: bigint, block: number, ceiling: bigint | undefined) {
    this.#start = start;
    this.#left = Number(MOST_DATA - start);
    this.#block = block;
    this.#limit = ceiling === undefined ? Number.POSITIVE_INFINITY : Math.max(Number(ceiling - start), 0);
  }

  /** All encryptions under the key so far. */
  get total(): bigint {
    return this.#start + BigInt(this.#made);
  }

  /** Whether half a block or less is left, and a new ceiling is due. */
  get low(): boolean {
    return this.#limit - this.#made <= this.#block / 2;
  }

  /** Whether the key may still encrypt data `encryptions` times. None are always left. */
  left(encryptions: number): boolean {
    return encryptions === 0 || this.#made + encryptions <= this.#left;
  }

  /** Counts `encryptions` where the ceiling leaves room for them; answers whether it does. */
  take(encryptions: number): boolean {
    if (this.#made + encryptions > this.#limit - RESERVE) return encryptions === 0;
    this.#made += encryptions;
    return true;
  }

  /** Counts one encryption of a ceiling entry. */
  takeReserved(): void {
    this.#made++;
  }

  /** What the next ceiling is to be, so that there is room for `encryptions` and a block. */
  nextCeiling(encryptions: number): bigint {
    return this.total + BigInt(Math.max(this.#block, encryptions + RESERVE));
  }

  /** Whether `encryptions` would fit below `ceiling`. */
  fits(encryptions: number, ceiling: bigint): boolean {
    return this.total + BigInt(encryptions + RESERVE) <= ceiling;
  }

  /** A ceiling is on disk now. */
  raised(ceiling: bigint): void {
    this.#limit = Number(ceiling - this.#start);
  }

  /** Other distances from now on. A ceiling farther off is not used up; the next one is made earlier. */
  resize(block: number): void {
    this.#block = block;
    this.#limit = Math.min(this.#limit, this.#made + block);
  }
}
