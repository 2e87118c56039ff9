// SPDX-License-Identifier: Apache-2.0
import type { TokenStore } from "../tokens/token-store.ts";
import type { AuditAuth } from "./audited-dispatch.ts";

/**
 * Whose token it is, as audit lines show it; undefined where it is nobody's, or that cannot be told now: whoever serves
 * the request finds that out again and refuses it.
 */
export async function identify(tokens: TokenStore, token: string): Promise<AuditAuth | undefined> {
  const known = await tokens.lookup(token).catch(() => undefined);
  if (known === undefined) return undefined;
  const { accessor, displayName, policies, type } = known.entry;
  return { accessor, display_name: displayName, policies, token_type: type };
}
