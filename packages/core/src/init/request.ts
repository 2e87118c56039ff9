// SPDX-License-Identifier: Apache-2.0
/** What a new store is to have, and what people get of it. */
import type { KeyObject } from "node:crypto";
import type { ShareNumbers, SharesSealPlugin } from "@sealwright/seal";
import type { PlainChange } from "../barrier.ts";
import type { WrapKeyring } from "../commit.ts";
import type { SealConfig } from "../seal-config.ts";
import type { Asking } from "../seals/ask-all.ts";
import type { Risk } from "../seals/risk.ts";
import type { SealSet } from "../seals/seal-set.ts";
import type { SealView } from "../seals/seal-view.ts";
import type { Change, Storage } from "../storage.ts";

/** The shares that people get. Each is 33 bytes, or 32 where there is one only. The receiver wipes them. */
export interface InitShares {
  /** Of the unseal key, or of the seal of shares beside auto seals. */
  readonly unseal: readonly Uint8Array[];
  readonly recovery: readonly Uint8Array[];
}

/** What a new store is to have. */
export interface InitRequest {
  /** Where people unseal: how their key is split. */
  readonly unseal?: ShareNumbers;
  /** For auto seals: how the recovery key is split; absent means that there is none. */
  readonly recovery?: ShareNumbers;
  /** For auto seals: a seal of shares beside them, which opens the storage when every service is gone. */
  readonly breakGlass?: { readonly name: string; readonly numbers: ShareNumbers };
  /** For auto seals: whether the recovery key opens the storage too. */
  readonly recoveryKeysUnseal?: boolean;
  /** Whether a seal may be among several that makes the whole weaker; refused unless given. */
  readonly weaker?: Risk;
  readonly signal?: AbortSignal;
  /**
   * Called with the shares (lent) before anything is stored. What it answers is encrypted and written in the same
   * batch; what it throws leaves the storage uninitialised.
   */
  readonly beforeCommit?: (shares: InitShares) => Promise<readonly PlainChange[]>;
}

/** What is initialised, and by what. */
export interface InitDeps {
  readonly storage: Storage;
  /** The auto seals; without an enabled one people unseal by shares. */
  readonly seals: SealSet;
  readonly shares: SharesSealPlugin;
  readonly asking: Omit<Asking, "signal">;
  layerFor(view: SealView): WrapKeyring;
  readonly now: Date;
}

/** The keys to be kept, each of 32 bytes and lent. */
export interface NewKeys {
  readonly rootKey: KeyObject;
  /** The unseal key, or the recovery key. */
  readonly peoples: Uint8Array;
  readonly breakGlass: Uint8Array;
}

/** What a kind of seal adds to the batch, and what it hands out. */
export interface SealPart {
  readonly shares: InitShares;
  readonly config: SealConfig;
  readonly recoveryConfig: SealConfig | null;
  readonly plain: readonly PlainChange[];
  readonly raw: readonly Change[];
}
