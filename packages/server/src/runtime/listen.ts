// SPDX-License-Identifier: Apache-2.0
/** Sockets: one HTTP or HTTPS server per listener block. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureVersion } from "node:tls";
import type { Express } from "express";
import type { ListenerConfig } from "../config/index.ts";
import { acceptListMethod } from "../http/list-method.ts";
import { StartupError } from "./startup-error.ts";

/** A listener that is open. */
export interface Listening {
  /** `http://127.0.0.1:8200`. */
  readonly url: string;
  /** Reads certificate and key again; new connections use them. Throws, and changes nothing, if they cannot be read. */
  reload(): void;
  /** Takes no new connections, lets requests in flight end for up to `graceMilliseconds`, then drops what is left. */
  close(graceMilliseconds: number): Promise<void>;
}

const VERSIONS: Readonly<Record<ListenerConfig["tls_min_version"], SecureVersion>> = {
  tls10: "TLSv1",
  tls11: "TLSv1.1",
  tls12: "TLSv1.2",
  tls13: "TLSv1.3",
};

function readPem(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new StartupError(`${key}: ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

function secureContext(config: ListenerConfig) {
  const { tls_cert_file, tls_key_file, tls_client_ca_file } = config;
  return {
    cert: readPem("tls_cert_file", tls_cert_file ?? ""),
    key: readPem("tls_key_file", tls_key_file ?? ""),
    minVersion: VERSIONS[config.tls_min_version],
    maxVersion: VERSIONS[config.tls_max_version],
    ...(tls_client_ca_file === undefined ? {} : { ca: readPem("tls_client_ca_file", tls_client_ca_file) }),
  };
}

function createSecure(config: ListenerConfig, app: Express): TlsServer {
  try {
    return createTlsServer(
      {
        ...secureContext(config),
        requestCert: config.tls_client_ca_file !== undefined && !config.tls_disable_client_certs,
        rejectUnauthorized: config.tls_require_and_verify_client_cert,
      },
      app,
    );
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    const files = `${config.tls_cert_file} and ${config.tls_key_file}`;
    throw new StartupError(`${files} are not a certificate and its key in PEM (${(cause as Error).message})`, {
      cause,
    });
  }
}

function configure(server: Server | TlsServer, config: ListenerConfig): void {
  server.headersTimeout = config.http_read_header_timeout;
  server.requestTimeout = config.http_read_timeout;
  server.keepAliveTimeout = config.http_idle_timeout;
  server.timeout = config.http_write_timeout;
  acceptListMethod(server);
}

const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: stop it, or choose another address",
  EACCES: "this user may not listen there: choose a port above 1023",
  EADDRNOTAVAIL: "this machine does not have that address",
  ENOTFOUND: "that host name is not known",
};

function bind(server: Server | TlsServer, { address }: ListenerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = REFUSALS[cause.code ?? ""] ?? cause.message;
      reject(new StartupError(`cannot listen on ${address.host}:${address.port}: ${why}`, { cause }));
    });
    server.listen({ port: address.port, ...(address.host === "" ? {} : { host: address.host }) }, () => resolve());
  });
}

function close(server: Server | TlsServer, graceMilliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const drop = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
    server.close(() => {
      clearTimeout(drop);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Opens a listener for `app`. Throws `StartupError` with one sentence when it can't. */
export async function listen(config: ListenerConfig, app: Express): Promise<Listening> {
  const secure = config.tls_disable ? undefined : createSecure(config, app);
  const server = secure ?? createServer(app);
  configure(server, config);
  await bind(server, config);
  const { port } = server.address() as AddressInfo;
  const host = config.address.host.includes(":") ? `[${config.address.host}]` : config.address.host || "0.0.0.0";
  return {
    url: `${secure === undefined ? "http" : "https"}://${host}:${port}`,
    reload: () => secure?.setSecureContext(secureContext(config)),
    close: (grace) => close(server, grace),
  };
}
