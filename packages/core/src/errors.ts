// SPDX-License-Identifier: Apache-2.0
import { CodedError } from "./coded-error.ts";

/** What the core refuses, and why. The server's table turns each code into a status, the command line into an exit. */
export const CORE_ERRORS = {
  /** There is nothing to open yet. */
  NOT_INITIALIZED: "initialise it first: operator init",
  /** Initialising again would throw the data away. */
  ALREADY_INITIALIZED: "unseal it instead, or use another storage",
  /** Some of keyring, seal configuration and sealed root key are there and others are not. */
  STORAGE_INCOMPLETE: "restore the storage from a backup; nothing was overwritten",
  /** The operation needs an unsealed store. */
  SEALED: "unseal it first",
  /** The operation needs a sealed store. */
  UNSEALED: "seal it first",
  /** OpenBao or Vault wrote this storage, and it has not been adopted. */
  FOREIGN_STORAGE: "adopt it first: sealwright storage adopt",
  /** A request's numbers or options do not fit this seal. */
  INVALID_REQUEST: "correct the request",
  /** A share is malformed: not of a share's length. Nothing was counted. */
  INVALID_SHARE: "give the share as it was handed out, in hex or base64",
  /** A threshold of shares is there, and together they do not open the storage. Progress starts again. */
  WRONG_SHARES: "check each share against what its holder was given",
  /** The seal answered, and its key does not open this storage. */
  WRONG_SEAL: "configure the seal and key that this storage was initialised with",
  /** Another seal is configured than the storage has, which the old seal or the people of it could be left for. */
  MIGRATION_PENDING: "give the shares with -migrate, or configure the seal that the storage has",
  /** Several seals were asked, and too few of them answered. */
  NO_SEAL_ANSWERS: "see to one of the seals: each reason says what is wrong with which",
  /** What was asked for would leave the storage with one up-to-date seal of several. */
  FORCE_NEEDED: "bring the other seals back first, or insist with -force",
  /** What was asked for would leave no configured seal, and no shares, that open the storage. */
  NO_SEAL_LEFT: "add another seal first",
  /** What was asked for makes the whole as weak as a key file or as one person. */
  WEAKER_SEAL: "if that is meant, accept it with -accept-weaker",
  /** An entry is cut short, altered, or under a key that the keyring has not. */
  ENTRY_CORRUPT: "restore the entry from a backup",
  /** A plain seal configuration is not what the store wrote. Ceremonies by recovery shares stop. */
  SEAL_CONFIG_ALTERED: "see docs/operations/rekey.md: the present quorum confirms which configuration holds",
  /** The active data key has encrypted as often as is safe, and automatic rotation is off or fails. */
  KEY_EXHAUSTED:
    "rotate: operator rotate; then see docs/operations/encryption-count.md for why it did not happen by itself",
  /** No ceremony of this kind is going on. */
  NOT_IN_PROGRESS: "start it first",
  /** The nonce is of another attempt, or missing. */
  WRONG_NONCE: "ask whoever started the operation for its nonce",
  /** The share was counted before, and still counts once. */
  REPEATED_SHARE: "give the share of another holder",
  /** The new shares are made and wait to be proved. */
  VERIFICATION_PENDING: "submit the new shares for verification, or cancel",
  /** Another operation of the same kind runs. */
  IN_PROGRESS: "wait until it has finished",
} as const satisfies Record<string, string>;

/** A code of {@link CORE_ERRORS}. */
export type CoreErrorCode = keyof typeof CORE_ERRORS;

/** An error of the core itself; failures of seals and storages pass through as `SealError` and `StorageError`. */
export class CoreError extends CodedError<CoreErrorCode> {
  override readonly name = "CoreError";
  constructor(code: CoreErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, CORE_ERRORS[code], options);
  }
}
