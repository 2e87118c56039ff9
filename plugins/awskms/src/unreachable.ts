// SPDX-License-Identifier: Apache-2.0
/** Why no answer came: from what Node and the SDK say of a connection to a sentence and what to do. */
import { SealError } from "@sealwright/seal";

interface Reason {
  readonly why: string;
  readonly advice?: string;
}

const NOT_FOUND = "correct endpoint or region, or look at the name service";
const NOT_TLS: Reason = { why: "it does not speak TLS", advice: "write http:// in endpoint, or give it TLS" };

const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: { why: "nothing listens there", advice: "start it, or correct endpoint" },
  ENOTFOUND: { why: "there is no host of that name", advice: NOT_FOUND },
  EAI_AGAIN: { why: "the name service does not answer", advice: NOT_FOUND },
  EHOSTUNREACH: { why: "there is no route to that host" },
  ENETUNREACH: { why: "there is no route to that network" },
  ETIMEDOUT: { why: "the connection timed out", advice: "check routes, security groups and the VPC endpoint" },
  ECONNRESET: { why: "the connection was cut before an answer came" },
  EPIPE: { why: "the connection was cut before an answer came" },
  EPROTO: NOT_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ERR_TLS_CERT_ALTNAME_INVALID: { why: "its certificate is for another name", advice: "correct endpoint" },
  CERT_HAS_EXPIRED: { why: "its certificate has expired", advice: "renew it, or correct this machine's clock" },
  CERT_NOT_YET_VALID: { why: "its certificate is not valid yet", advice: "correct this machine's clock" },
  ERR_PROXY_TUNNEL: {
    why: "the proxy does not let it through",
    advice: "see HTTPS_PROXY, NO_PROXY and the proxy's log",
  },
};

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED|CERT_SIGNATURE/;

function codeOf(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code;
  // The SDK's own limit for connecting has a name and no code.
  return error.name === "TimeoutError" ? "ETIMEDOUT" : "";
}

/** Whether `error` is about the connection rather than about what came over it. */
export function isConnectionError(error: Error): boolean {
  const code = codeOf(error);
  return code in REASONS || UNTRUSTED.test(code) || code.startsWith("HPE_") || code.startsWith("ERR_PROXY");
}

function reasonFor(code: string): Reason {
  if (UNTRUSTED.test(code)) {
    return { why: "its certificate comes from no authority that is trusted", advice: "name it in NODE_EXTRA_CA_CERTS" };
  }
  if (code.startsWith("HPE_")) {
    return { why: "its answer is not HTTP", advice: "correct endpoint, or write https:// if it speaks TLS" };
  }
  return REASONS[code] ?? { why: `the request failed (${code})` };
}

/** `what`, a service and what is wanted of it, is not reached. `cause` is a {@link isConnectionError}. */
export function unreachable(what: string, cause: Error): SealError {
  const { why, ...advice } = reasonFor(codeOf(cause));
  return new SealError("SEAL_UNAVAILABLE", `${what} is not reached: ${why}`, { cause, ...advice });
}
