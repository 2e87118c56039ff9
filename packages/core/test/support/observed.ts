// SPDX-License-Identifier: Apache-2.0
import { type CountSave, type RotationReason, type StoreObserver, UNOBSERVED } from "@sealwright/core";

/** An observer that keeps what it is told. */
export interface Observed extends StoreObserver {
  readonly saves: CountSave[];
  readonly rotations: RotationReason[];
  readonly failedRotations: unknown[];
  readonly encryptions: Record<string, number>;
  puts: number;
}

export function observed(): Observed {
  const it: Observed = {
    ...UNOBSERVED,
    saves: [],
    rotations: [],
    failedRotations: [],
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
    rotationFailed(_reason, error) {
      it.failedRotations.push(error);
    },
  };
  return it;
}
