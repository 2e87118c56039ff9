// SPDX-License-Identifier: Apache-2.0
import type { ClientRequest, RequestOptions } from "node:http";
import { type ServerSettings, UnreachableError } from "./settings.ts";

/** One HTTP request as it goes out. */
export interface Outgoing {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** The answer as it came in. */
export interface Incoming {
  readonly status: number;
  readonly text: string;
}

/** Sends one request and reads the whole answer. Throws `UnreachableError` when there is none. */
export async function send(settings: ServerSettings, outgoing: Outgoing): Promise<Incoming> {
  const { address } = settings;
  const options = {
    // A bracketed IPv6 address stands without its brackets here.
    host: address.hostname.replace(/^\[|\]$/g, ""),
    port: address.port,
    method: outgoing.method,
    path: outgoing.path,
    headers: {
      ...outgoing.headers,
      ...(outgoing.body !== undefined && { "Content-Length": String(Buffer.byteLength(outgoing.body)) }),
    },
    signal: AbortSignal.timeout(settings.timeout),
  };
  const open = await opener(settings);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new UnreachableError(settings, reasonFor(error, settings), { cause: error }));
    const request = open(options);
    request.once("error", fail);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", fail);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    request.end(outgoing.body);
  });
}

/** Loads only what the address needs: a command should start fast. */
async function opener({ address, tls }: ServerSettings): Promise<(options: RequestOptions) => ClientRequest> {
  if (address.protocol === "http:") return (await import("node:http")).request;
  const [{ request }, { tlsOptions }] = await Promise.all([import("node:https"), import("./tls.ts")]);
  const secure = tlsOptions(tls);
  return (options) => request({ ...options, ...secure });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused, so nothing listens there",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name could not be looked up",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "the connection timed out",
  ECONNRESET: "the connection was closed without an answer",
  EPROTO: "what listens there does not speak TLS (write http:// if that is meant)",
  ERR_SSL_WRONG_VERSION_NUMBER: "what listens there does not speak TLS (write http:// if that is meant)",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "what listens there does not speak TLS (write http:// if that is meant)",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name (see -tls-server-name)",
  CERT_HAS_EXPIRED: "its certificate has expired",
};

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED/;

function reasonFor(error: Error, settings: ServerSettings): string {
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return `no answer within ${settings.timeout / 1000} seconds (VAULT_CLIENT_TIMEOUT)`;
  }
  const code = "code" in error ? String(error.code) : "";
  if (UNTRUSTED.test(code)) return "its certificate is not signed by a trusted authority (see VAULT_CACERT)";
  if (code.startsWith("HPE_")) return "the answer is not HTTP (write https:// if the server speaks TLS)";
  return REASONS[code] ?? error.message;
}
