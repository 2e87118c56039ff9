// SPDX-License-Identifier: Apache-2.0
/** What the data operations take: one item in the body's own fields, or several in `batch_input`. */
import * as z from "zod";
import type { ApiRequest, ApiResponse } from "../../http/api.ts";
import { readFields } from "../../http/body.ts";
import { HttpError } from "../../http/problem.ts";
import { dataResponse } from "../../http/respond.ts";
import { bool, integer } from "../fields.ts";
import { checkType, refuseUnserved } from "./call.ts";
import { decodeBase64 } from "./ciphertext.ts";
import { KEY_TYPE } from "./named-key.ts";

const text = z.string({ error: "expected a text" });

const itemSchema = z.object({
  plaintext: text.optional(),
  ciphertext: text.default(""),
  key_version: integer.default(0),
  associated_data: text.default(""),
  context: text.optional(),
  nonce: text.optional(),
  reference: text.default(""),
});
/** What the data operations take. */
export const itemsBody = itemSchema.extend({
  type: text.default(KEY_TYPE),
  convergent_encryption: bool.optional(),
  batch_input: z.array(itemSchema, { error: "expected a list of objects" }).optional(),
});

/** One thing to encrypt, decrypt or rewrap, as it was given. */
export type Item = z.output<typeof itemSchema>;

/** The bytes to encrypt, the caller's to wipe; there may be none of them. Throws 400. */
export function plaintextOf({ plaintext }: Item): Buffer {
  if (plaintext === undefined) throw new HttpError(400, "missing plaintext to encrypt");
  const bytes = decodeBase64(plaintext);
  if (bytes === undefined) throw new HttpError(400, "illegal base64 data: the plaintext must be base64 encoded");
  return bytes;
}

/** Throws 400 where there is none. */
export function ciphertextOf({ ciphertext }: Item): string {
  if (ciphertext === "") throw new HttpError(400, "missing ciphertext to decrypt");
  return ciphertext;
}

/** The bytes that a ciphertext is bound to, none unless given. Throws 400. */
export function associatedDataOf({ associated_data }: Item): Buffer {
  const bytes = decodeBase64(associated_data);
  if (bytes === undefined) throw new HttpError(400, "illegal base64 data: associated_data must be base64 encoded");
  return bytes;
}

async function result(item: Item, work: (item: Item) => Promise<object>): Promise<object> {
  try {
    refuseUnserved({ context: item.context, nonce: item.nonce });
    return { ...(await work(item)), reference: item.reference };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { error: error.message, reference: item.reference };
  }
}

/**
 * Answers with what `work` makes of the request's item or, in their order, items. A refused item of several is shown as
 * its `error`, and the status is then 400, as in Vault; the others are done all the same.
 */
export async function forEachItem(request: ApiRequest, work: (item: Item) => Promise<object>): Promise<ApiResponse> {
  const { batch_input: batch, type, convergent_encryption, ...single } = readFields(request.text, itemsBody);
  checkType(type);
  refuseUnserved({ convergent_encryption });
  if (batch === undefined) {
    refuseUnserved({ context: single.context, nonce: single.nonce });
    return dataResponse(await work(single));
  }
  if (batch.length === 0) throw new HttpError(400, "missing batch input to process");
  const results: object[] = [];
  for (const item of batch) results.push(await result(item, work));
  return dataResponse({ batch_results: results }, { status: results.some((each) => "error" in each) ? 400 : 200 });
}
