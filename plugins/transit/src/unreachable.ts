// SPDX-License-Identifier: Apache-2.0
/** What the seal says where no answer came. */
import { type ConnectionAdvice, notReached, type SealError } from "@sealwright/seal";
import type { Target } from "./errors.ts";

const ADVICE: ConnectionAdvice = {
  refused: "start it, or correct address",
  noHost: "correct address, or the name service",
  wrongName: "correct address or tls_server_name",
  expired: "renew it there",
  notYetValid: "compare the clocks",
  untrusted: "give it as tls_ca_cert",
  noTls: "correct address to http://, or give it TLS",
  handshake: "give it a tls_client_cert that it knows",
  unfitTls: "correct address, http:// or https://, or the TLS settings",
  notHttp: "correct address, or write https:// if it speaks TLS",
  // What comes of a client certificate that the remote refuses, under TLS 1.3, as often as the alert.
  cut: "see that server's log, it may want another tls_client_cert",
};

/** The remote server did not answer. `cause` is what Node said. */
export function unreachable({ address, key, mount }: Target, cause: Error): SealError {
  return notReached(`${address}, which has the transit key ${key} at ${mount}/,`, cause, ADVICE);
}
