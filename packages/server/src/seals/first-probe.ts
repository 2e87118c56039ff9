// SPDX-License-Identifier: Apache-2.0
/**
 * Unsealing unwraps and nothing more, so that a seal which cannot wrap, or wraps with another key than the stored one's,
 * would not be noticed before the next rekey. This tries it in the background, once after every unseal.
 */
import { CoreError, type SealedStore, type SealProof } from "@sealwright/core";
import type { KeyInfo } from "@sealwright/seal";
import type { Log } from "../runtime/log.ts";
import { startupSentence } from "../runtime/startup-error.ts";

/** Long enough for what the unseal has caused to be over, and within the first minute. */
const DELAY_MS = 30_000;

type Probed = Pick<SealedStore, "onUnsealed" | "onSealed"> & { readonly seals: Pick<SealedStore["seals"], "prove"> };

function nameOf({ keyId, mechanism }: KeyInfo): string {
  return mechanism === undefined ? JSON.stringify(keyId) : `${JSON.stringify(keyId)} (mechanism ${mechanism})`;
}

/** The warning about a seal that would wrap otherwise than it did, if there is one. */
function changed({ stored, present }: SealProof): string | undefined {
  if (stored === undefined || present === undefined || nameOf(stored) === nameOf(present)) return undefined;
  return (
    `the root key is wrapped by ${nameOf(stored)}, and the seal now wraps by ${nameOf(present)}: ` +
    "unless that key was replaced on purpose, correct the seal's configuration"
  );
}

/**
 * Has the auto seal of `store` wrap and unwrap something half a minute after every unseal, and warns of what is wrong.
 * The wait keeps no process alive, and ends when the store is sealed.
 */
export function probeAfterUnseal(store: Probed, log: Log): void {
  let timer: NodeJS.Timeout | undefined;
  const probe = async (): Promise<void> => {
    try {
      const warning = changed(await store.seals.prove());
      if (warning !== undefined) log.warn(warning);
    } catch (error) {
      if (error instanceof CoreError && error.code === "SEALED") return;
      log.warn(`the seal unseals, and does not wrap: ${startupSentence(error) ?? String(error)}`);
    }
  };
  store.onUnsealed(() => {
    clearTimeout(timer);
    timer = setTimeout(() => void probe(), DELAY_MS).unref();
  });
  store.onSealed(() => clearTimeout(timer));
}
