// SPDX-License-Identifier: Apache-2.0
/**
 * The seal contract: all that a plugin promises and all that it may expect.
 *
 * Bytes: everything passed in is borrowed. A plugin neither keeps nor wipes what it was given, and whatever it returns
 * belongs to the caller. Failures: every promise rejects with a `SealError` and with nothing else.
 */
import type { SealedBlob } from "./blob.ts";
import type { ConfigFields, ConfigOf } from "./config.ts";
import type { Diagnosis } from "./diagnosis.ts";

/**
 * The longest plaintext of {@link Seal.wrap}, in bytes: a keyring of some 34,000 data keys. A seal whose service or device
 * takes less at a time puts longer ones into an envelope.
 */
export const MAX_PLAINTEXT_BYTES = 4 * 1024 * 1024;
/** The longest additional data of a {@link SealCall}, in bytes. */
export const MAX_AAD_BYTES = 65_536;

/** What accompanies one call to a seal. */
export interface SealCall {
  /**
   * Additional data that must be given again to unwrap, at most 64 KiB. Absent means none: blobs that OpenBao reads
   * carry none. A seal whose backend has no such thing must refuse a non-empty one with `SEAL_CONFIG`, not drop it.
   */
  readonly aad?: Uint8Array;
  /**
   * When it aborts, the call rejects with `SEAL_TIMEOUT` at once. The work behind it is abandoned, not killed: a late
   * answer is dropped.
   */
  readonly signal?: AbortSignal;
}

/** A seal in use. It holds no mutable "current key": the blob says which key wrapped it. Safe for concurrent calls. */
export interface Seal {
  /** The plugin's type, such as `static` or `pkcs11`. */
  readonly type: string;
  /**
   * Wraps `plaintext` (1 byte to 4 MiB) under the configured key. May touch the network.
   * Rejects with any code of the table but `SEAL_BAD_CIPHERTEXT`; a plaintext that is empty, or longer than the seal
   * can take, is `SEAL_CONFIG`.
   */
  wrap(plaintext: Uint8Array, call?: SealCall): Promise<SealedBlob>;
  /**
   * Unwraps with the key that `blob` names, which may be older than the configured one. May touch the network.
   * A blob that is altered, cut short, or wrapped under other additional data is `SEAL_BAD_CIPHERTEXT`; one whose key
   * is not there is `SEAL_KEY_MISSING`. It never resolves to bytes that were not wrapped.
   */
  unwrap(blob: SealedBlob, call?: SealCall): Promise<Uint8Array>;
  /** Releases sessions, sockets and keys. Never rejects; later calls reject with `SEAL_UNAVAILABLE`. */
  close(): Promise<void>;
}

/** What a plugin may use of its surroundings. */
export interface SealEnvironment {
  /** One line for the operator at a level. Never give it a secret. */
  log(level: "debug" | "info" | "warn", message: string): void;
  /**
   * Asks for a fresh process in place of this one, because the native code in it is beyond repair: calls under way are
   * finished, later ones go to the new process. Absent where the plugin runs in the host's own process.
   */
  replaceProcess?(reason: string): void;
}

/** A seal that a service or device opens: cloud KMS, HSM, static key. */
export interface AutoSealPlugin<Fields extends ConfigFields = ConfigFields> {
  readonly kind: "auto";
  /** Lower case; the label of the `seal "type" { }` block. */
  readonly type: string;
  /** The one source of the configuration's types, variables, defaults, secrets and documentation. */
  readonly config: Fields;
  /**
   * `process` asks the host to run this plugin in a child process of its own, because it loads native code that may
   * hang or crash. Any plugin can be run so, if its module exports it as `plugin`.
   */
  readonly isolation?: "process";
  /**
   * Environment variables that may hold a secret and that no setting names, since the SDK behind the plugin reads them by
   * itself. The processes of other seals do not see them.
   */
  readonly sdkSecrets?: readonly string[];
  /**
   * Why this seal makes a storage weaker beside others, any one of which opens it, in a sentence without a full stop:
   * for a key that no service or device guards. Whoever adds it there has to accept that.
   */
  readonly weakness?: string;
  /** How many calls it can work on at a time, each perhaps on a thread of its own; further ones wait in the host. */
  maxParallel?(config: ConfigOf<Fields>): number;
  /**
   * Makes a ready seal from a checked configuration, or rejects with `SEAL_CONFIG` or `SEAL_PLUGIN_UNAVAILABLE`.
   * Touches no network: a KMS may be down at start. Never gives a half-configured seal.
   */
  open(config: ConfigOf<Fields>, env: SealEnvironment): Promise<Seal>;
  /** Looks at the backend for an operator, changing nothing. Never rejects: what goes wrong is a failed check. */
  diagnose?(config: ConfigOf<Fields>, env: SealEnvironment): Promise<Diagnosis>;
}

/** How many shares a key is split into, and how many of them give it back. */
export interface ShareNumbers {
  /** 1 to 255. */
  readonly shares: number;
  /** 1 to `shares`; 1 only where `shares` is 1. */
  readonly threshold: number;
}

/** A seal that people open, each holding a share of its 32-byte key. */
export interface SharesSealPlugin {
  readonly kind: "shares";
  readonly type: string;
  /** Splits `key` (32 bytes). A share is 33 bytes, or the key itself when `shares` is 1. Rejects with `SEAL_CONFIG`. */
  split(key: Uint8Array, numbers: ShareNumbers): Promise<Uint8Array[]>;
  /**
   * Puts a threshold of shares together to 32 bytes. Too few or foreign shares give other bytes, not an error: only the
   * unwrap is proof. Shares of unequal length, repeated or malformed reject with `SEAL_BAD_CIPHERTEXT`.
   */
  combine(shares: readonly Uint8Array[]): Promise<Uint8Array>;
  /** A seal under `key` (32 bytes, else throws `SEAL_CONFIG`), of which it keeps a copy of its own until `close`. */
  open(key: Uint8Array): Seal;
}

/** What the composition root registers. The core asks for `kind` and never for a name. */
export type SealPlugin = AutoSealPlugin | SharesSealPlugin;
