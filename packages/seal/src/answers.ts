// SPDX-License-Identifier: Apache-2.0
/** Whether what a plugin answered is what its type says. What is read here has the known parts only. */
import * as z from "zod";
import type { SealedBlob } from "./blob.ts";
import { MAX_PLAINTEXT_BYTES } from "./contract.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** More than any seal answers: the longest plaintext in base64, and what an envelope adds. */
const LONGEST_BYTES = 2 * MAX_PLAINTEXT_BYTES;

const bytes = z.instanceof(Uint8Array).refine((value) => value.length <= LONGEST_BYTES);
const count = z.int().min(0);
const wellFormed = z.string().refine((text) => text.isWellFormed());

const blob = z.object({
  ciphertext: bytes,
  iv: bytes.optional(),
  hmac: bytes.optional(),
  keyInfo: z
    .object({
      keyId: wellFormed,
      mechanism: count.optional(),
      hmacMechanism: count.optional(),
      hmacKeyId: wellFormed.optional(),
      wrappedKey: bytes.optional(),
    })
    .optional(),
});

const diagnosis = z.object({
  sheets: z.array(z.object({ title: z.string(), facts: z.array(z.tuple([z.string(), z.string()])) })),
  checks: z.array(
    z.object({ status: z.enum(["ok", "warning", "failed"]), what: z.string(), advice: z.string().optional() }),
  ),
  ready: z.boolean(),
});

/** The blob that `value` is, fit to be encoded, or undefined. Shares the bytes. */
export function asBlob(value: unknown): SealedBlob | undefined {
  return blob.safeParse(value).data as SealedBlob | undefined;
}

/** What a seal may unwrap to: 1 byte to 4 MiB, or undefined. */
export function asPlaintext(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length >= 1 && value.length <= MAX_PLAINTEXT_BYTES ? value : undefined;
}

/** The diagnosis that `value` is, or undefined. */
export function asDiagnosis(value: unknown): Diagnosis | undefined {
  return diagnosis.safeParse(value).data as Diagnosis | undefined;
}
