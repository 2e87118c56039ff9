// SPDX-License-Identifier: Apache-2.0
/** Sockets: one HTTP or HTTPS server per listener block. */
import { createServer, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import type { ListenerConfig } from "../config/index.ts";
import { handleClientErrors } from "../http/client-error.ts";
import { StartupError } from "./startup-error.ts";
import { readTlsFiles } from "./tls-files.ts";

/** A listener that is open. */
export interface Listening {
  /** `http://127.0.0.1:8200`. */
  readonly url: string;
  /**
   * Reads certificate, key and authorities again; new connections use them. Throws `StartupError`, and changes nothing,
   * if they cannot be used.
   */
  reload(): void;
  /** Takes no new connections, lets requests in flight end for up to `graceMilliseconds`, then drops what is left. */
  close(graceMilliseconds: number): Promise<void>;
}

/** How often late requests are looked for, at most; a listener with shorter limits looks more often. */
const CHECK_MILLISECONDS = 1_000;
/** How often connections are looked at that have become idle while the listener closes. */
const CLOSING_MILLISECONDS = 25;

/** The shortest of some durations, of which 0 is none; 0 where all are. */
function shortest(...durations: readonly number[]): number {
  const given = durations.filter((each) => each > 0);
  return given.length === 0 ? 0 : Math.min(...given);
}

function limits(config: ListenerConfig): ServerOptions {
  const headersTimeout = config.http_read_header_timeout;
  const requestTimeout = shortest(config.http_read_timeout, config.max_request_duration);
  const check = shortest(headersTimeout / 4, requestTimeout / 4, CHECK_MILLISECONDS);
  return {
    // Node refuses a longer time for the headers than for the whole request.
    headersTimeout: requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout, requestTimeout),
    requestTimeout,
    keepAliveTimeout: config.http_idle_timeout,
    connectionsCheckingInterval: Math.max(1, Math.floor(check)),
  };
}

function createSecure(config: ListenerConfig, app: Express): TlsServer {
  const required = config.tls_require_and_verify_client_cert;
  return createTlsServer(
    {
      ...limits(config),
      ...readTlsFiles(config),
      requestCert: required || (config.tls_client_ca_file !== undefined && !config.tls_disable_client_certs),
      rejectUnauthorized: required,
      // A client that never finishes its handshake is as slow as one that never finishes its headers.
      ...(config.http_read_header_timeout > 0 ? { handshakeTimeout: config.http_read_header_timeout } : {}),
    },
    app,
  );
}

const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: stop it, or choose another address",
  EACCES: "this user may not listen there: choose a port above 1023",
  EADDRNOTAVAIL: "this machine does not have that address",
  ENOTFOUND: "that host name is not known",
};

function bind(server: Server | TlsServer, { address }: ListenerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => {
      const why = REFUSALS[cause.code ?? ""] ?? cause.message;
      reject(new StartupError(`cannot listen on ${address.host}:${address.port}: ${why}`, { cause }));
    };
    server.once("error", refused);
    server.listen({ port: address.port, ...(address.host === "" ? {} : { host: address.host }) }, () => {
      server.off("error", refused);
      resolve();
    });
  });
}

function close(server: Server | TlsServer, graceMilliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    // Connections that are kept alive are idle from their last answer on, and would be kept for as long as that is set.
    const idle = setInterval(() => server.closeIdleConnections(), CLOSING_MILLISECONDS);
    const drop = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(drop);
      resolve();
    });
  });
}

function urlOf(server: Server | TlsServer, { address, tls_disable }: ListenerConfig): string {
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host || "0.0.0.0";
  return `${tls_disable ? "http" : "https"}://${host}:${port}`;
}

/**
 * Opens a listener for `app`. Throws `StartupError` with one sentence when it can't. `onError` is told when a connection
 * cannot be accepted later, such as for want of file descriptors: the listener goes on.
 */
export async function listen(
  config: ListenerConfig,
  app: Express,
  onError: (error: Error) => void,
): Promise<Listening> {
  const secure = config.tls_disable ? undefined : createSecure(config, app);
  const server = secure ?? createServer(limits(config), app);
  server.timeout = config.http_write_timeout;
  handleClientErrors(server);
  await bind(server, config);
  server.on("error", onError);
  return {
    url: urlOf(server, config),
    reload: () => secure?.setSecureContext(readTlsFiles(config)),
    close: (grace) => close(server, grace),
  };
}
