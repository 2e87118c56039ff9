// SPDX-License-Identifier: Apache-2.0
import { timingSafeEqual } from "node:crypto";
import type { ConfigFields, ConfigOf } from "@sealwright/seal";
import * as z from "zod";
import { contradiction } from "./errors.ts";
import { decodeKey } from "./key-text.ts";

const keyBytes = z.instanceof(Uint8Array).transform((given, context): Uint8Array => {
  const key = decodeKey(given);
  if (key !== undefined) return key;
  context.addIssue({
    code: "custom",
    message:
      `it has ${given.length} bytes, and a key is 64 hexadecimal digits, 44 characters of base64, ` +
      "43 of unpadded URL-safe base64, or 32 raw bytes",
  });
  return z.NEVER;
});

// A lone surrogate has no UTF-8: the id would be stored as another one and never found again.
const keyId = z.string().refine((id) => id.isWellFormed(), "it is not Unicode text");

/** The settings of a `seal "static"` block. */
export const fields = {
  current_key: {
    schema: keyBytes,
    doc: "The key that wraps: 32 bytes as 64 hex digits, 44 characters of base64, 43 of unpadded URL-safe base64, or raw.",
    env: ["BAO_STATIC_SEAL_CURRENT_KEY"],
    secret: true,
    indirect: true,
    bytes: true,
  },
  current_key_id: {
    schema: keyId,
    doc: "A permanent name for the current key. It is stored, readable, with what the key wraps.",
    env: ["BAO_STATIC_SEAL_CURRENT_KEY_ID"],
  },
  previous_key: {
    schema: keyBytes.optional(),
    doc: "The key used before, which only unwraps. Written as the current key.",
    env: ["BAO_STATIC_SEAL_PREVIOUS_KEY"],
    secret: true,
    indirect: true,
    bytes: true,
  },
  previous_key_id: {
    schema: keyId.optional(),
    doc: "The name of the previous key; goes with `previous_key`.",
    env: ["BAO_STATIC_SEAL_PREVIOUS_KEY_ID"],
  },
} as const satisfies ConfigFields;

/** A key of 32 bytes and its permanent name. */
export interface NamedKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** The keys of a static seal. */
export interface StaticKeys {
  readonly current: NamedKey;
  /** None or one. */
  readonly previous: readonly NamedKey[];
}

/** The keys that a configuration gives. Throws `SEAL_CONFIG` where settings contradict each other. */
export function keysOf(config: ConfigOf<typeof fields>): StaticKeys {
  const current = { id: config.current_key_id, key: config.current_key };
  const { previous_key: key, previous_key_id: id } = config;
  if (key === undefined && id === undefined) return { current, previous: [] };
  if (id === undefined) throw contradiction("previous_key is given without previous_key_id: give the id it had");
  if (key === undefined) throw contradiction("previous_key_id is given without previous_key: give the key, or neither");
  const sameKey = timingSafeEqual(key, current.key);
  if (id !== current.id && sameKey) {
    throw contradiction("current_key and previous_key are the same key under two ids: a new id needs a new key");
  }
  if (id === current.id && !sameKey) {
    throw contradiction("current_key and previous_key are two keys under one id: give the new key an id of its own");
  }
  return { current, previous: [{ id, key }] };
}
