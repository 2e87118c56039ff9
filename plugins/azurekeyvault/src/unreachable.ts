// SPDX-License-Identifier: Apache-2.0
/** What the seal says where no answer came. */
import { type ConnectionAdvice, notReached, type SealError } from "@sealwright/seal";
import { keyAt, type Target } from "./errors.ts";

const ADVICE: ConnectionAdvice = {
  refused: "check the address, the firewall and the proxy",
  noHost: "correct vault_name, environment or resource, or the name service",
  notYetValid: "compare the clocks",
  untrusted: "give the authority as tls_ca_cert, or behind a proxy in NODE_EXTRA_CA_CERTS",
  notHttp: "look at the proxy in between",
  cut: "look at the proxy in between",
};

/** The vault did not answer. `cause` is what Node said. */
export function unreachable({ vaultUrl, key }: Target, cause: Error): SealError {
  return notReached(`${vaultUrl}, which has the key ${key},`, cause, ADVICE);
}

/** Where tokens come from, `host`, did not answer. `cause` is what Node said. */
export function loginUnreachable(target: Target, host: string, cause: Error): SealError {
  return notReached(`${host}, which has the token for ${keyAt(target)},`, cause, ADVICE);
}
