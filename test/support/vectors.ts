// SPDX-License-Identifier: Apache-2.0
/** The vectors in `test/vectors`, made with OpenBao 2.6.2 and its key wrappers. */
import { readFileSync } from "node:fs";

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as T;
}

/** The bytes that a hexadecimal text stands for. */
export function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** The hexadecimal text of bytes, lower case. */
export function hex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

/** A sealed blob, its parts, what was wrapped, and the keys that open it. */
export interface BlobVector {
  readonly wrapper: string;
  readonly aad_hex: string;
  readonly blobinfo_hex: string;
  readonly ciphertext_hex: string;
  readonly iv_hex: string;
  readonly key_info: { readonly key_id: string; readonly mechanism: number; readonly wrapped_key_hex: string };
  readonly keys: Readonly<Record<string, string>>;
  readonly plaintext_hex: string;
}

/** A configuration that a wrapper was given, and what it said; `error` is null where it was accepted. */
export interface ConfigVector {
  readonly wrapper: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly error: string | null;
}

export const blobVectors = load<{ vectors: BlobVector[]; errors: ConfigVector[] }>("blobinfo");

/** A key and its shares, of which any `threshold` give it back. */
export interface ShamirVector {
  readonly parts: number;
  readonly threshold: number;
  readonly secret_hex: string;
  readonly shares_hex: readonly string[];
  readonly combine_below_threshold_hex?: string;
}

export const shamirVectors = load<{ vectors: ShamirVector[] }>("shamir");

/** A barrier entry: term (4 bytes), version (1 byte), nonce, ciphertext and tag. */
export interface BarrierVector {
  readonly aad: string;
  readonly ciphertext_b64: string;
  readonly key_hex: string;
  readonly nonce_hex: string;
  readonly path: string;
  readonly plaintext_hex: string;
  readonly term: number;
  readonly version: number;
}

/** An entry that does not open. */
export type BarrierErrorVector = Pick<BarrierVector, "path" | "ciphertext_b64"> & { readonly case: string };

export const barrierVectors = load<{
  root_key_hex: string;
  vectors: BarrierVector[];
  decrypt_errors: BarrierErrorVector[];
}>("barrier");
