// SPDX-License-Identifier: Apache-2.0
import { ANY_ATTEMPT } from "@sealwright/core";
import type { ApiRequest } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";

/**
 * Which attempt a request may end: any, where its token has `sudo` on the path, else the one whose nonce it gives, in
 * the body or in the query. Empty where it gives none.
 */
export async function cancelScope(
  gate: Gate,
  request: ApiRequest,
  nonce: string,
): Promise<string | typeof ANY_ATTEMPT> {
  if (request.token !== undefined && (await isAllowed(gate, request))) return ANY_ATTEMPT;
  return nonce || (request.query.get("nonce") ?? "");
}

async function isAllowed(gate: Gate, request: ApiRequest): Promise<boolean> {
  try {
    await gate.authorize(request, "sudo", "update");
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 403) return false;
    throw error;
  }
}
