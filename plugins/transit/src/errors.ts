// SPDX-License-Identifier: Apache-2.0
/** What the seal says where no answer came, an answer is none, or the blob or the settings are not right. */
import { SealError } from "@sealwright/seal";

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

/** Why no answer came, and what to do where that says more than the advice of the code. */
interface Reason {
  readonly why: string;
  readonly advice?: string;
}

// What comes of a client certificate that the remote refuses, under TLS 1.3, as often as the alert.
const CUT: Reason = {
  why: "the connection was cut before an answer came",
  advice: "see that server's log, it may want another tls_client_cert",
};

const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: { why: "nothing listens there", advice: "start it, or correct address" },
  ENOTFOUND: { why: "there is no host of that name", advice: "correct address, or the name service" },
  EAI_AGAIN: { why: "the name service does not answer" },
  EHOSTUNREACH: { why: "there is no route to that host" },
  ENETUNREACH: { why: "there is no route to that network" },
  ETIMEDOUT: { why: "the connection timed out" },
  ECONNRESET: CUT,
  EPIPE: CUT,
  EPROTO: { why: "it speaks no TLS that fits", advice: "correct address, http:// or https://, or the TLS settings" },
  ERR_SSL_WRONG_VERSION_NUMBER: { why: "it does not speak TLS", advice: "correct address to http://, or give it TLS" },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: {
    why: "it does not speak TLS",
    advice: "correct address to http://, or give it TLS",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    why: "its certificate is for another name",
    advice: "correct address or tls_server_name",
  },
  CERT_HAS_EXPIRED: { why: "its certificate has expired", advice: "renew it there" },
  CERT_NOT_YET_VALID: { why: "its certificate is not valid yet", advice: "compare the clocks" },
};
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED|CERT_SIGNATURE/;
const HANDSHAKE = /ALERT|HANDSHAKE/;

function reasonFor(error: Error): Reason {
  const code = "code" in error ? String(error.code) : "";
  if (UNTRUSTED.test(code)) {
    return { why: "its certificate comes from no authority that is trusted", advice: "give it as tls_ca_cert" };
  }
  if (HANDSHAKE.test(code)) {
    return { why: "it ended the TLS handshake", advice: "give it a tls_client_cert that it knows" };
  }
  if (code.startsWith("HPE_")) {
    return { why: "its answer is not HTTP", advice: "correct address, or write https:// if it speaks TLS" };
  }
  return REASONS[code] ?? { why: `the request failed${code === "" ? "" : ` (${code})`}` };
}

/** What the errors that every seal has call this one. */
export function nameOf(target: Target): string {
  return `the transit seal (key ${target.key} at ${target.mount}/ of ${remote(target)})`;
}

/** No answer came. `cause` is what Node said. */
export function unreachable(target: Target, cause: Error): SealError {
  const message = `${target.address}, which has the transit key ${target.key} at ${target.mount}/, is not reached`;
  const { why, ...advice } = reasonFor(cause);
  return new SealError("SEAL_UNAVAILABLE", `${message}: ${why}`, { cause, ...advice });
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

// A key id comes out of storage, so its length and content are anybody's: quoted, and cut.
function quoted(id: string): string {
  return JSON.stringify(id.length > 80 ? `${id.slice(0, 80)}…` : id);
}

/** The blob's key id is not that of the version that its text names. */
export function keyMissing(target: Target, id: string, version: string): SealError {
  return new SealError(
    "SEAL_KEY_MISSING",
    `this names the key ${quoted(id)}, and its text is of version ${version} of a transit key: no version of ` +
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

/** A file or folder that a setting names cannot be read. */
export function unreadable(setting: string, path: string, cause: unknown): SealError {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
  return new SealError("SEAL_CONFIG", `seal "transit": ${setting} names ${path}, which cannot be read (${reason})`, {
    cause,
  });
}

/** A warning for the log. */
export function inPlain(address: string): string {
  return `the transit seal speaks to ${address} without TLS: the token and the root key can be read on the way`;
}

/** A warning for the log. */
export function unverified(address: string): string {
  return `the transit seal takes any certificate of ${address} (tls_skip_verify): the token and the root key are exposed`;
}
