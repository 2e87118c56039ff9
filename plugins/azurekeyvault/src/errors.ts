// SPDX-License-Identifier: Apache-2.0
/** What the seal says where no answer came, an answer is none, or the blob or the settings are not right. */
import { SealError } from "@sealwright/seal";

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

/** Why no answer came, and what to do where that says more than the advice of the code. */
interface Reason {
  readonly why: string;
  readonly advice?: string;
}

const CUT: Reason = { why: "the connection was cut before an answer came", advice: "look at the proxy in between" };

const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: { why: "nothing listens there", advice: "check the address, the firewall and the proxy" },
  ENOTFOUND: {
    why: "there is no host of that name",
    advice: "correct vault_name, environment or resource, or the name service",
  },
  EAI_AGAIN: { why: "the name service does not answer" },
  EHOSTUNREACH: { why: "there is no route to that host" },
  ENETUNREACH: { why: "there is no route to that network" },
  ETIMEDOUT: { why: "the connection timed out" },
  ECONNRESET: CUT,
  EPIPE: CUT,
  EPROTO: { why: "it speaks no TLS that fits" },
  ERR_SSL_WRONG_VERSION_NUMBER: { why: "it does not speak TLS" },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { why: "it does not speak TLS" },
  ERR_TLS_CERT_ALTNAME_INVALID: { why: "its certificate is for another name" },
  CERT_HAS_EXPIRED: { why: "its certificate has expired" },
  CERT_NOT_YET_VALID: { why: "its certificate is not valid yet", advice: "compare the clocks" },
};
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED|CERT_SIGNATURE/;

function reasonFor(error: Error): Reason {
  const code = "code" in error ? String(error.code) : "";
  if (UNTRUSTED.test(code)) {
    return {
      why: "its certificate comes from no authority that is trusted",
      advice: "give the authority as tls_ca_cert, or behind a proxy in NODE_EXTRA_CA_CERTS",
    };
  }
  if (code.startsWith("HPE_")) return { why: "its answer is not HTTP", advice: "look at the proxy in between" };
  return REASONS[code] ?? { why: `the request failed${code === "" ? "" : ` (${code})`}` };
}

/** The vault did not answer. `cause` is what Node said. */
export function unreachable(target: Target, cause: Error): SealError {
  const { why, ...advice } = reasonFor(cause);
  const message = `${target.vaultUrl}, which has the key ${target.key}, is not reached: ${why}`;
  return new SealError("SEAL_UNAVAILABLE", message, { cause, ...advice });
}

/** Where tokens come from, `host`, did not answer. `cause` is what Node said. */
export function loginUnreachable(target: Target, host: string, cause: Error): SealError {
  const { why, ...advice } = reasonFor(cause);
  const message = `${host}, which has the token for ${keyAt(target)}, is not reached: ${why}`;
  return new SealError("SEAL_UNAVAILABLE", message, { cause, ...advice });
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

// A key id comes out of storage, so its length and content are anybody's: quoted, and cut.
function quoted(id: string): string {
  return JSON.stringify(id.length > 80 ? `${id.slice(0, 80)}…` : id);
}

/** The blob's key id cannot be a version of a key. */
export function noSuchVersion(target: Target, id: string): SealError {
  return new SealError(
    "SEAL_KEY_MISSING",
    `this names ${quoted(id)} as what wrapped it, and no version of ${keyAt(target)} is called so`,
  );
}

/** The settings contradict each other, or a file is not what it should be. */
export function contradiction(message: string, cause?: unknown): SealError {
  return new SealError("SEAL_CONFIG", `seal "azurekeyvault": ${message}`, cause === undefined ? {} : { cause });
}

/** A file that a setting names cannot be read. */
export function unreadable(setting: string, path: string, cause: unknown): SealError {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
  return new SealError(
    "SEAL_CONFIG",
    `seal "azurekeyvault": ${setting} names ${path}, which cannot be read (${reason})`,
    { cause },
  );
}
