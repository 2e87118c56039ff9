// SPDX-License-Identifier: Apache-2.0
/** Why no answer came, and what to do about it. Of the error, grpc-js passes on nothing but text. */
import { CONNECTION_FAILURES, type ConnectionAdvice, connectionFailureIn } from "@sealwright/seal";

const NAMES = "correct endpoint, or the name service";
const ROUTES = "look at the routes and the firewall";

const ADVICE: ConnectionAdvice = {
  proxy: "see the variables https_proxy and no_proxy",
  refused: "correct endpoint, or start what should listen there",
  noHost: NAMES,
  unresolved: NAMES,
  noRoute: ROUTES,
  timedOut: ROUTES,
  wrongName: "correct endpoint",
  expired: "compare the clocks, or renew it",
  notYetValid: "compare the clocks",
  untrusted: "give that authority as tls_ca_cert",
  noTls: "correct endpoint to http:// if it is an emulator",
  unfitTls: "see the cause in the log",
};

/** All that grpc-js says where the proxy is at fault, down or refusing: it keeps that error to itself. */
const FAILED_AT_PROXY = /Last error: undefined/;

/** Why no answer came, by `details`, the text of a status or an error; the end of a sentence. */
export function whyUnreachable(details: string): string {
  if (FAILED_AT_PROXY.test(details)) return "the proxy before it does not answer, or does not let it through";
  const failure = connectionFailureIn(details);
  return failure === undefined ? "no connection came about" : CONNECTION_FAILURES[failure];
}

/** What to do about it, where that says more than the advice of the code. */
export function adviseOnConnection(details: string): string | undefined {
  if (FAILED_AT_PROXY.test(details)) return ADVICE.proxy;
  const failure = connectionFailureIn(details);
  return failure === undefined ? undefined : ADVICE[failure];
}
