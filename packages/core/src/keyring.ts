// SPDX-License-Identifier: Apache-2.0
/**
 * The keyring: the root key and every data key, as an immutable value. Adding a term or changing the root key gives a
 * new value; nothing is locked to read one. JSON as OpenBao writes it, integers exact, times kept as read.
 */
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { KEY_BYTES } from "@sealwright/seal";
import * as z from "zod";
import { CoreError } from "./errors.ts";
import { parseExact, stringifyExact } from "./exact-json.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** One data key. */
export interface DataKey {
  /** 1 to 2^32 - 1. */
  readonly term: number;
  readonly key: KeyObject;
  /** RFC 3339, up to nanoseconds, as it was read. */
  readonly installTime: string;
  /** Encryptions saved for this key; counts only while it is the active one. */
  readonly encryptions: bigint;
}

/** When the active key is replaced without being asked. */
export interface RotationConfig {
  readonly disabled: boolean;
  /** Encryptions under one key, 1,000,000 to {@link DEFAULT_MAX_OPERATIONS}. */
  readonly maxOperations: bigint;
  /** Nanoseconds; 0 for never, otherwise at least 24 hours. */
  readonly intervalNanoseconds: bigint;
}

/** Ten percent below the 2^32 encryptions that SP 800-38D section 8.3 allows under random nonces. */
export const DEFAULT_MAX_OPERATIONS = 3_865_470_566n;

/** All keys of a store. Immutable. */
export interface Keyring {
  readonly rootKey: KeyObject;
  readonly keys: ReadonlyMap<number, DataKey>;
  readonly active: DataKey;
  readonly rotation: RotationConfig;
}

const u64 = z
  .bigint()
  .min(0n)
  .max((1n << 64n) - 1n);
const i64 = z
  .bigint()
  .min(-(1n << 63n))
  .max((1n << 63n) - 1n);
const key = z.base64().transform((text, context): KeyObject => {
  const bytes = Buffer.from(text, "base64");
  try {
    if (bytes.length === KEY_BYTES) return createSecretKey(bytes);
    context.addIssue({ code: "custom", message: `a key has ${KEY_BYTES} bytes` });
    return z.NEVER;
  } finally {
    bytes.fill(0);
  }
});
// Go writes the offset of its time zone and up to nine digits of a second.
const rfc3339 = z.iso.datetime({ offset: true });
const keyringJson = z.object({
  MasterKey: key,
  Keys: z
    .array(
      z.object({
        Term: z.bigint().min(1n).max(0xffff_ffffn).transform(Number),
        Version: z.literal(1n),
        Value: key,
        InstallTime: rfc3339,
        encryptions: u64.default(0n),
      }),
    )
    .min(1),
  RotationConfig: z
    .object({ Disabled: z.boolean().default(false), MaxOperations: i64.default(0n), Interval: i64.default(0n) })
    .prefault({}),
});

/** A new random key. */
export function newKey(): KeyObject {
  const bytes = randomBytes(KEY_BYTES);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function keyringOf(rootKey: KeyObject, keys: readonly DataKey[], rotation: RotationConfig): Keyring {
  const byTerm = new Map([...keys].sort((a, b) => a.term - b.term).map((each) => [each.term, each]));
  const active = byTerm.get(Math.max(...byTerm.keys()));
  if (active === undefined || byTerm.size !== keys.length) throw new RangeError("the keyring repeats a term");
  return { rootKey, keys: byTerm, active, rotation };
}

/** A keyring of one new data key under a new root key. */
export function newKeyring(installTime: string): Keyring {
  const first: DataKey = { term: 1, key: newKey(), installTime, encryptions: 0n };
  const rotation = { disabled: false, maxOperations: DEFAULT_MAX_OPERATIONS, intervalNanoseconds: 0n };
  return keyringOf(newKey(), [first], rotation);
}

/** `keyring` with a new active data key of the next term. The count of the old one is no longer kept. */
export function addTerm(keyring: Keyring, installTime: string): Keyring {
  const term = keyring.active.term + 1;
  if (term > 0xffff_ffff) throw new CoreError("INVALID_REQUEST", "the keyring has used up all 2^32 - 1 terms");
  const old = [...keyring.keys.values()].map((each) => ({ ...each, encryptions: 0n }));
  return keyringOf(keyring.rootKey, [...old, { term, key: newKey(), installTime, encryptions: 0n }], keyring.rotation);
}

/** `keyring` under another root key. */
export function withRootKey(keyring: Keyring, rootKey: KeyObject): Keyring {
  return { ...keyring, rootKey };
}

/** `keyring` with another rotation configuration. */
export function withRotation(keyring: Keyring, rotation: RotationConfig): Keyring {
  return { ...keyring, rotation };
}

/** `keyring` with `encryptions` as the saved count of its active key. */
export function withEncryptions(keyring: Keyring, encryptions: bigint): Keyring {
  const active = { ...keyring.active, encryptions };
  return { ...keyring, active, keys: new Map(keyring.keys).set(active.term, active) };
}

function base64(key: KeyObject): string {
  const bytes = key.export();
  try {
    return bytes.toString("base64");
  } finally {
    bytes.fill(0);
  }
}

/** The plaintext of `core/keyring`. The caller wipes it. */
export function serializeKeyring(keyring: Keyring): Buffer {
  const { rotation } = keyring;
  return Buffer.from(
    stringifyExact({
      MasterKey: base64(keyring.rootKey),
      Keys: [...keyring.keys.values()].map((each) => ({
        Term: each.term,
        Version: 1,
        Value: base64(each.key),
        InstallTime: each.installTime,
        ...(each.encryptions === 0n ? {} : { encryptions: each.encryptions }),
      })),
      RotationConfig: {
        Disabled: rotation.disabled,
        MaxOperations: rotation.maxOperations,
        Interval: rotation.intervalNanoseconds,
      },
    }),
  );
}

/** Reads the plaintext of `core/keyring`. Throws `ENTRY_CORRUPT` without quoting any of it. */
export function parseKeyring(plaintext: Uint8Array): Keyring {
  try {
    const json = keyringJson.parse(parseExact(strictUtf8.decode(plaintext)));
    const keys = json.Keys.map((each) => ({
      term: each.Term,
      key: each.Value,
      installTime: each.InstallTime,
      encryptions: each.encryptions,
    }));
    return keyringOf(json.MasterKey, keys, {
      disabled: json.RotationConfig.Disabled,
      maxOperations: json.RotationConfig.MaxOperations || DEFAULT_MAX_OPERATIONS,
      intervalNanoseconds: json.RotationConfig.Interval,
    });
  } catch {
    // The cause would quote key material.
    throw new CoreError("ENTRY_CORRUPT", "core/keyring decrypts, but its content is not a keyring");
  }
}

/** The plaintext of `core/root-key`: the root key as Go's zero-time `Key`. The caller wipes it. */
export function serializeRootKey(rootKey: KeyObject): Buffer {
  return Buffer.from(
    JSON.stringify({ Term: 1, Version: 1, Value: base64(rootKey), InstallTime: "0001-01-01T00:00:00Z" }),
  );
}
