// SPDX-License-Identifier: Apache-2.0
import {
  type CountSave,
  type RewrapStatus,
  type RotationReason,
  type StoreObserver,
  UNOBSERVED,
  type WrapCount,
} from "@sealwright/core";

/** An observer that keeps what it is told. */
export interface Observed extends StoreObserver {
  readonly saves: CountSave[];
  readonly rotations: RotationReason[];
  readonly failedRotations: unknown[];
  readonly rewraps: RewrapStatus[];
  /** The paths that were not rewrapped; undefined for a rewrap as a whole. */
  readonly failedRewraps: (string | undefined)[];
  readonly usedUp: WrapCount[];
  readonly doubted: string[];
  /** `seal path` of what was delivered late. */
  readonly delivered: string[];
  /** `seal path from to` of what moved to a newer key. */
  readonly moved: string[];
  readonly encryptions: Record<string, number>;
  puts: number;
}

export function observed(): Observed {
  const it: Observed = {
    ...UNOBSERVED,
    saves: [],
    rotations: [],
    failedRotations: [],
    rewraps: [],
    failedRewraps: [],
    usedUp: [],
    doubted: [],
    delivered: [],
    moved: [],
    encryptions: {},
    puts: 0,
    wrote(puts) {
      it.puts += puts;
    },
    encrypted(purpose, encryptions) {
      it.encryptions[purpose] = (it.encryptions[purpose] ?? 0) + encryptions;
    },
    countSaveEnded(save) {
      it.saves.push(save);
    },
    rotated(reason) {
      it.rotations.push(reason);
    },
    rewrapEnded(status) {
      it.rewraps.push(status);
    },
    rewrapFailed(path) {
      it.failedRewraps.push(path);
    },
    sealKeyUsedUp(count) {
      it.usedUp.push(count);
    },
    sealDoubted(name) {
      it.doubted.push(name);
    },
    outstandingDelivered(name, path) {
      it.delivered.push(`${name} ${path}`);
    },
    rootKeyRewrapped({ seal, path, from, to }) {
      it.moved.push(`${seal} ${path} ${from} ${to}`);
    },
    rotationFailed(_reason, error) {
      it.failedRotations.push(error);
    },
  };
  return it;
}
