// SPDX-License-Identifier: Apache-2.0
/** What the seal says where no answer came. */
import { type ConnectionAdvice, connectionFailureOf, notReached, type SealError } from "@sealwright/seal";

const NAMES = "correct endpoint or region, or look at the name service";
const PLAIN = "write http:// in endpoint, or give it TLS";

const ADVICE: ConnectionAdvice = {
  proxy: "see HTTPS_PROXY, NO_PROXY and the proxy's log",
  refused: "start it, or correct endpoint",
  noHost: NAMES,
  noNameService: NAMES,
  timedOut: "check routes, security groups and the VPC endpoint",
  wrongName: "correct endpoint",
  expired: "renew it, or correct this machine's clock",
  notYetValid: "correct this machine's clock",
  untrusted: "name it in NODE_EXTRA_CA_CERTS",
  noTls: PLAIN,
  unfitTls: PLAIN,
  notHttp: "correct endpoint, or write https:// if it speaks TLS",
};

/** Whether `error` is about the connection rather than about what came over it. */
export function isConnectionError(error: Error): boolean {
  return connectionFailureOf(error) !== undefined;
}

/** `what`, a service and what is wanted of it, is not reached. `cause` is a {@link isConnectionError}. */
export function unreachable(what: string, cause: Error): SealError {
  return notReached(what, cause, ADVICE);
}
