// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { reasonOf } from "../input/files.ts";
import type { TlsSettings } from "./settings.ts";

/** The TLS part of a request's options; reads the named files. Throws `UsageError` when one cannot be read. */
export function tlsOptions(settings: TlsSettings): RequestOptions {
  if ((settings.clientCert === undefined) !== (settings.clientKey === undefined)) {
    throw new UsageError("A client certificate needs its key and the key its certificate: set both or neither.");
  }
  const authorities = [
    ...(settings.caCert === undefined ? [] : [pem(settings.caCert)]),
    ...(settings.caPath === undefined ? [] : folder(settings.caPath)),
  ];
  return {
    ...(authorities.length > 0 && { ca: authorities }),
    ...(settings.clientCert !== undefined && { cert: pem(settings.clientCert) }),
    ...(settings.clientKey !== undefined && { key: pem(settings.clientKey) }),
    ...(settings.serverName !== undefined && { servername: settings.serverName }),
    rejectUnauthorized: !settings.skipVerify,
  };
}

function pem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`Error reading a TLS file: open ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function folder(path: string): string[] {
  try {
    const names = readdirSync(path, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return names.map((entry) => pem(join(path, entry.name)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`Error reading TLS files: open ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
