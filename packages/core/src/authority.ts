// SPDX-License-Identifier: Apache-2.0
/** Whose shares allow what a token alone does not: the unseal shares', or the recovery shares' where a seal unseals. */
import type { ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import type { KeyringHome, WrapKeyring } from "./commit.ts";
import { CoreError } from "./errors.ts";
import { readRecoveryConfig, readSealConfig } from "./inventory.ts";
import { NO_SHARES, numbersOf } from "./seal-config.ts";
import type { Asking } from "./seals/ask-all.ts";
import type { Reach } from "./seals/reach.ts";
import { isRecoveryKey } from "./seals/recovery-key.ts";
import type { QuorumKind, SealRoster } from "./seals/seal-roster.ts";
import type { SealView } from "./seals/seal-view.ts";
import type { Storage } from "./storage.ts";
import { readRootKey } from "./stored-keys.ts";
import { combineShares, wrongShares } from "./unseal.ts";

/** An open store, as ceremonies and changes of keys see it while they have it for themselves. */
export interface OpenStore extends KeyringHome {
  readonly storage: Storage;
  readonly roster: SealRoster;
  /** Whose shares the quorum's are. */
  readonly quorum: QuorumKind;
  readonly plugin: SharesSealPlugin;
  /** How several seals are asked at once. */
  readonly asking: Omit<Asking, "signal">;
  /** What the keyring goes through where its seals are to be those of `view`, and whom it has to reach. */
  layerFor(view: SealView, reach?: Reach): WrapKeyring;
  /** Another program wrote the storage: it is read and never written. */
  readonly foreign: boolean;
  /** RFC 3339. */
  readonly now: string;
  /** For calls to the seals: aborts when the caller gives up, and when the store is being sealed. */
  readonly signal: AbortSignal;
}

/** How many shares the quorum has and needs; zeros where nobody holds any. */
export async function quorumNumbers({ storage, quorum }: Pick<OpenStore, "storage" | "quorum">): Promise<ShareNumbers> {
  const config = await (quorum === "unseal" ? readSealConfig : readRecoveryConfig)(storage);
  return config === undefined ? NO_SHARES : numbersOf(config);
}

/**
 * Throws `WRONG_SHARES` unless a threshold of `shares` (borrowed) is the quorum's. Passes on what the seal rejects with
 * where it has to be asked.
 */
export async function proveQuorum(open: OpenStore, shares: readonly Uint8Array[]): Promise<void> {
  const key = await combineShares(open.plugin, shares);
  try {
    if (open.quorum === "unseal") await proveUnsealKey(open, key);
    else if (!(await isRecoveryKey(open, open.roster.firstAuto, key, open.signal))) throw wrongShares();
  } finally {
    key.fill(0);
  }
}

async function proveUnsealKey({ storage, plugin }: OpenStore, key: Uint8Array): Promise<void> {
  const seal = plugin.open(key);
  try {
    await readRootKey(storage, seal);
  } catch (cause) {
    if (cause instanceof CoreError && cause.code === "WRONG_SEAL") throw wrongShares(cause);
    throw cause;
  } finally {
    await seal.close();
  }
}
