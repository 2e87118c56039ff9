// SPDX-License-Identifier: Apache-2.0
import { isObject, parseJson } from "../output/json-text.ts";
import type { Answer, Client, RequestParts } from "./client.ts";
import { ApiError } from "./errors.ts";

/**
 * Reads a path where nothing may be: undefined then. An answer 404 that still carries data or warnings, such as a
 * deleted version's metadata, counts as an answer.
 */
export async function readIfPresent(client: Client, path: string, parts?: RequestParts): Promise<Answer | undefined> {
  try {
    return await client.request("GET", path, parts);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    if (error.reasons.length > 0) throw error;
    return answerIn(error.answer.text);
  }
}

function answerIn(text: string): Answer | undefined {
  try {
    const body = parseJson(text);
    const carries = isObject(body) && (isObject(body.data) || Array.isArray(body.warnings));
    return carries ? { text, body } : undefined;
  } catch {
    return undefined;
  }
}
