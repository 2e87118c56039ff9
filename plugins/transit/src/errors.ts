// SPDX-License-Identifier: Apache-2.0
/** What the seal says where an answer is none or late, or the blob or the settings are not right. */
import { quotedKeyId, SealError } from "@sealwright/seal";

/** The parts of the settings that messages name. */
export interface Target {
  readonly address: string;
  readonly namespace: string | undefined;
  readonly mount: string;
  readonly key: string;
}

/** The remote server as messages name it. */
export function remote({ address, namespace }: Target): string {
  return namespace === undefined ? address : `${address} (namespace ${namespace})`;
}

/** What the errors that every seal has call this one. */
export function nameOf(target: Target): string {
  return `the transit seal (key ${target.key} at ${target.mount}/ of ${remote(target)})`;
}

/** The caller's signal aborted, or the seal was closed, while the request was under way. */
export function abandoned(target: Target, cause: unknown): SealError {
  const message = `${target.address} did not answer in time about the transit key ${target.key} at ${target.mount}/`;
  return new SealError("SEAL_TIMEOUT", message, { cause });
}

/** An answer that no transit engine gives. */
export function garbled(target: Target, status: number): SealError {
  return new SealError(
    "SEAL_UNAVAILABLE",
    `what answers at ${remote(target)} is no transit engine at ${target.mount}/ with the key ${target.key} (status ` +
      `${status})`,
    { advice: "correct address and mount_path, or look at the proxy in between" },
  );
}

/** A redirection that would show the token and the root key to whoever listens. */
export function insecureRedirect(target: Target): SealError {
  return new SealError(
    "SEAL_CONFIG",
    `${target.address} sends requests for the transit key ${target.key} at ${target.mount}/ on to an address without ` +
      "TLS",
    { advice: "correct the api_addr of that server" },
  );
}

/** The blob holds no text of a transit engine. */
export function noCiphertext(target: Target): SealError {
  return new SealError(
    "SEAL_BAD_CIPHERTEXT",
    `this is no text that the transit key ${target.key} at ${target.mount}/ of ${target.address} made, or it was altered`,
  );
}

/** The blob's key id is not that of the version that its text names. */
export function keyMissing(target: Target, id: string, version: string): SealError {
  return new SealError(
    "SEAL_KEY_MISSING",
    `this names the key ${quotedKeyId(id)}, and its text is of version ${version} of a transit key: no version of ` +
      `${target.key} at ${target.mount}/ of ${target.address} is called so`,
  );
}

/** Additional data was given. */
export function noAdditionalData(target: Target): SealError {
  return new SealError(
    "SEAL_CONFIG",
    `the transit key ${target.key} at ${target.mount}/ of ${target.address} binds no additional data: servers before ` +
      "Vault 1.13 would drop it unseen",
  );
}

/** The settings contradict each other, or a file is not what it should be. */
export function contradiction(message: string): SealError {
  return new SealError("SEAL_CONFIG", `seal "transit": ${message}`);
}

/** A warning for the log. */
export function inPlain(address: string): string {
  return `the transit seal speaks to ${address} without TLS: the token and the root key can be read on the way`;
}

/** A warning for the log. */
export function unverified(address: string): string {
  return `the transit seal takes any certificate of ${address} (tls_skip_verify): the token and the root key are exposed`;
}
