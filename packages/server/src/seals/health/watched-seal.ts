// SPDX-License-Identifier: Apache-2.0
import type { Seal, SealCall } from "@sealwright/seal";
import type { SealHealth } from "./seal-health.ts";

/** `seal`, whose calls tell `health` what became of them. A call that its caller gave up says nothing. */
export function watchedSeal(seal: Seal, health: SealHealth, clock: () => number = () => performance.now()): Seal {
  const watch = async <T>(operation: "wrap" | "unwrap", call: SealCall | undefined, work: Promise<T>): Promise<T> => {
    const began = clock();
    try {
      const answer = await work;
      health.answered(operation, clock() - began);
      return answer;
    } catch (error) {
      if (!call?.signal?.aborted) health.failed(operation, error);
      throw error;
    }
  };
  return {
    type: seal.type,
    wrap: (plaintext, call) => watch("wrap", call, seal.wrap(plaintext, call)),
    unwrap: (blob, call) => watch("unwrap", call, seal.unwrap(blob, call)),
    close: () => seal.close(),
  };
}
