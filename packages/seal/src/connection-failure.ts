// SPDX-License-Identifier: Apache-2.0
/** Why a service gave no answer at all: from what Node, OpenSSL and gRPC say of a connection to a sentence. */
import { SealError } from "./errors.ts";

/** Each reason that is told apart, and how it ends the sentence "… is not reached: ". */
export const CONNECTION_FAILURES = {
  proxy: "the proxy does not let it through",
  refused: "nothing listens there",
  noHost: "there is no host of that name",
  unresolved: "there is no host of that name, or the name service does not answer",
  noNameService: "the name service does not answer",
  noRoute: "there is no route to it",
  timedOut: "the connection timed out",
  wrongName: "its certificate is for another name",
  expired: "its certificate has expired",
  notYetValid: "its certificate is not valid yet",
  untrusted: "its certificate comes from no authority that is trusted",
  noTls: "it does not speak TLS",
  handshake: "it ended the TLS handshake",
  unfitTls: "it speaks no TLS that fits",
  notHttp: "its answer is not HTTP",
  cut: "the connection was cut before an answer came",
} as const;

/** A reason of {@link CONNECTION_FAILURES}. */
export type ConnectionFailure = keyof typeof CONNECTION_FAILURES;

/** What to do about some of the reasons, by the names of a seal's settings; for the others the code's advice stands. */
export type ConnectionAdvice = Readonly<Partial<Record<ConnectionFailure, string>>>;

/** The codes of Node's errors, and the words of OpenSSL and grpc-js for the same. The first that fits counts. */
const SIGNS: readonly (readonly [ConnectionFailure, RegExp])[] = [
  ["proxy", /proxy/i],
  ["refused", /ECONNREFUSED/],
  ["noHost", /ENOTFOUND/],
  ["noNameService", /EAI_AGAIN/],
  ["unresolved", /Name resolution failed/],
  ["noRoute", /EHOSTUNREACH|ENETUNREACH/],
  ["timedOut", /ETIMEDOUT/],
  ["wrongName", /altname/i],
  ["expired", /cert(ificate)?.has.expired/i],
  ["notYetValid", /not.yet.valid/i],
  ["untrusted", /self[-_ ]signed|unable.to|untrusted|CERT_SIGNATURE/i],
  ["noTls", /wrong.version.number|packet.length/i],
  ["handshake", /alert|handshake/i],
  ["unfitTls", /EPROTO|ERR_SSL|SSL routines|TLS/],
  ["notHttp", /HPE_/],
  ["cut", /ECONNRESET|EPIPE|socket hang up|[Cc]onnection dropped|GOAWAY|closed/],
];

/** The reason that `text` gives: an error's code, or what a library says that keeps nothing but text of the error. */
export function connectionFailureIn(text: string): ConnectionFailure | undefined {
  return SIGNS.find(([, sign]) => sign.test(text))?.[0];
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** The reason that an error of Node's gives; undefined where it is not about the connection. */
export function connectionFailureOf(error: Error): ConnectionFailure | undefined {
  const code = codeOf(error);
  // An HTTP client's own limit for connecting has a name and no code.
  if (code === "") return error.name === "TimeoutError" ? "timedOut" : undefined;
  // All that OpenSSL says has this one code in common.
  return connectionFailureIn(code === "EPROTO" ? `${code} ${error.message}` : code);
}

/** `what`, a service and what is wanted of it, gave no answer: `SEAL_UNAVAILABLE`. `cause` is what Node said. */
export function notReached(what: string, cause: Error, advice: ConnectionAdvice): SealError {
  const failure = connectionFailureOf(cause);
  const code = codeOf(cause);
  const why =
    failure === undefined ? `the request failed${code === "" ? "" : ` (${code})`}` : CONNECTION_FAILURES[failure];
  const next = failure === undefined ? undefined : advice[failure];
  return new SealError("SEAL_UNAVAILABLE", `${what} is not reached: ${why}`, {
    cause,
    ...(next === undefined ? {} : { advice: next }),
  });
}
