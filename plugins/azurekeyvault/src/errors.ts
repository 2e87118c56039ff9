// SPDX-License-Identifier: Apache-2.0
/** What the seal says where an answer is none or late, or the blob or the settings are not right. */
import { quotedKeyId, SealError } from "@sealwright/seal";

/** The parts of the settings that messages name. */
export interface Target {
  readonly vaultUrl: string;
  readonly key: string;
}

/** The key as messages name it. */
export function keyAt({ vaultUrl, key }: Target): string {
  return `the key ${key} of ${vaultUrl}`;
}

/** What the errors that every seal has call this one. */
export function nameOf(target: Target): string {
  return `the azurekeyvault seal (${keyAt(target)})`;
}

/** The caller's signal aborted, or the seal was closed, while the request was under way. */
export function abandoned(target: Target, cause: unknown): SealError {
  return new SealError("SEAL_TIMEOUT", `there was no answer in time about ${keyAt(target)}`, { cause });
}

/** An answer that no Key Vault gives. */
export function garbled(target: Target, status: number): SealError {
  const message = `what answers at ${target.vaultUrl} is no Key Vault with the key ${target.key} (status ${status})`;
  return new SealError("SEAL_UNAVAILABLE", message, {
    advice: "correct vault_name or vault_url, or look at the proxy in between",
  });
}

/** The vault asks for a token that it could use elsewhere. */
export function foreignResource(target: Target, resource: string): SealError {
  return new SealError(
    "SEAL_CONFIG",
    `what answers at ${target.vaultUrl} asks for a token that is not for ${resource}, so it gets none for the key ` +
      target.key,
    { advice: "correct vault_name or vault_url, or set resource to the host that this vault takes tokens for" },
  );
}

/** The blob's key id cannot be a version of a key. */
export function noSuchVersion(target: Target, id: string): SealError {
  return new SealError(
    "SEAL_KEY_MISSING",
    `this names ${quotedKeyId(id)} as what wrapped it, and no version of ${keyAt(target)} is called so`,
  );
}

/** The settings contradict each other, or a file is not what it should be. */
export function contradiction(message: string, cause?: unknown): SealError {
  return new SealError("SEAL_CONFIG", `seal "azurekeyvault": ${message}`, cause === undefined ? {} : { cause });
}
