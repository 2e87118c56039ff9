// SPDX-License-Identifier: Apache-2.0
import type { SharesSealPlugin } from "@sealwright/seal";
import { CoreError } from "../errors.ts";
import { SHAMIR_KEK, STORED_KEYS } from "../paths.ts";
import { checkNumbers, NO_SHARES, sealConfig } from "../seal-config.ts";
import { splitKey } from "../split-key.ts";
import { proveSeal, sealRootKey } from "../stored-keys.ts";
import type { InitRequest, NewKeys, SealPart } from "./request.ts";

/** Where people unseal: a key of theirs, split, that wraps the root key. Throws `INVALID_REQUEST`. */
export async function byShares(
  plugin: SharesSealPlugin,
  request: InitRequest,
  { rootKey, peoples }: NewKeys,
): Promise<SealPart> {
  if (request.recovery !== undefined) {
    throw new CoreError("INVALID_REQUEST", `a ${plugin.type} seal has no recovery key: ask for unseal shares only`);
  }
  if (request.breakGlass !== undefined || request.recoveryKeysUnseal) {
    throw new CoreError("INVALID_REQUEST", "people unseal this store anyhow: other shares go beside auto seals");
  }
  const numbers = request.unseal ?? NO_SHARES;
  checkNumbers(numbers);
  const seal = plugin.open(peoples);
  try {
    await proveSeal(seal, request.signal);
    const storedKeys = await sealRootKey(seal, rootKey, request.signal);
    return {
      shares: { unseal: await splitKey(plugin, peoples, numbers), recovery: [] },
      config: sealConfig(plugin.type, numbers),
      recoveryConfig: null,
      plain: [{ op: "put", path: SHAMIR_KEK, value: peoples }],
      raw: [{ op: "put", path: STORED_KEYS, value: storedKeys }],
    };
  } finally {
    await seal.close();
  }
}
