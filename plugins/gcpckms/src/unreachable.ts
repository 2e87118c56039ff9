// SPDX-License-Identifier: Apache-2.0
/** Why no answer came, by what grpc-js says of the connection, and what to do where that says more than the advice of the code. */

/** A reason, as the end of a sentence. */
export interface Reason {
  readonly why: string;
  readonly advice?: string;
}

const NO_TLS = { why: "it does not speak TLS", advice: "correct endpoint to http:// if it is an emulator" };

const REASONS: readonly (Reason & { readonly says: RegExp })[] = [
  { says: /proxy/i, why: "the proxy lets nothing through", advice: "see the variables https_proxy and no_proxy" },
  { says: /ECONNREFUSED/, why: "nothing listens there", advice: "correct endpoint, or start what should listen there" },
  {
    says: /Name resolution failed|ENOTFOUND/,
    why: "there is no host of that name, or the name service does not answer",
    advice: "correct endpoint, or the name service",
  },
  { says: /EAI_AGAIN/, why: "the name service does not answer" },
  { says: /EHOSTUNREACH|ENETUNREACH/, why: "there is no route to it", advice: "look at the routes and the firewall" },
  { says: /ETIMEDOUT/, why: "the connection timed out", advice: "look at the routes and the firewall" },
  {
    says: /altname/i,
    why: "its certificate is for another name",
    advice: "correct endpoint",
  },
  { says: /certificate has expired/i, why: "its certificate has expired", advice: "compare the clocks, or renew it" },
  { says: /not yet valid/i, why: "its certificate is not valid yet", advice: "compare the clocks" },
  {
    says: /self[- ]signed|unable to (verify|get)|untrusted/i,
    why: "its certificate comes from no authority that is trusted",
    advice: "give that authority as tls_ca_cert",
  },
  { says: /wrong version number|packet length/i, ...NO_TLS },
  { says: /EPROTO|SSL routines|TLS/, why: "no TLS connection came about", advice: "see the cause in the log" },
  {
    says: /ECONNRESET|socket hang up|EPIPE|[Cc]onnection dropped|GOAWAY|closed/,
    why: "the connection was cut before an answer came",
  },
];

/** The reason that `details`, the text of a status or an error, gives. */
export function reasonIn(details: string): Reason {
  return REASONS.find(({ says }) => says.test(details)) ?? { why: "no connection came about" };
}
