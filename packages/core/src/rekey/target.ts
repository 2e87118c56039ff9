// SPDX-License-Identifier: Apache-2.0
/** What a rekey replaces, as an object: the ceremony around it is the same for all. */
import type { ShareNumbers } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import type { Risk } from "../seals/risk.ts";
import type { Change } from "../storage.ts";

/** A new key, made and split but not in force. */
export interface NewKey {
  /** 32 bytes; whoever holds this wipes them. Undefined where nobody holds shares of it. */
  readonly key: Uint8Array | undefined;
  /** The new shares, in order; empty where there are none. Whoever holds this wipes them. */
  readonly shares: readonly Uint8Array[];
  readonly numbers: ShareNumbers;
}

/** What a rekey does besides replacing its key. */
export interface RekeyCommit {
  /** Entries for the same batch, as they are: the PGP-encrypted backup. */
  readonly entries: readonly Change[];
  /** `add`: a new data key term in the same batch, so that what is written from now on has nothing to do with old keys. */
  readonly term: "keep" | "add";
  /** Where a new root key reaches one seal of several only. */
  readonly oneSealLeft: Risk;
}

/** The key that a rekey replaces: how it is made, and how it is put in force. */
export interface RekeyTarget {
  readonly name: "barrier" | "recovery";
  /** Throws `INVALID_REQUEST` unless this target can be rekeyed, into `numbers` of shares, on this store. */
  check(open: OpenStore, numbers: ShareNumbers): void;
  /** Makes a new key and its shares. Nothing is stored. */
  make(open: OpenStore, numbers: ShareNumbers): Promise<NewKey>;
  /** Puts the key in force: one batch, then memory. The key and the old one are never both in force, nor neither. */
  commit(open: OpenStore, made: NewKey, commit: RekeyCommit): Promise<void>;
}
