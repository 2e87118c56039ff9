// SPDX-License-Identifier: Apache-2.0
/** The TLS settings as Node takes them. Files are read when the seal is opened: a wrong path is told at the start. */
import { readdirSync } from "node:fs";
import type { AgentOptions } from "node:https";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { type FileSetting, isSealError, readCertificates, readTextFile, unreadableFile } from "@sealwright/seal";
import { contradiction } from "./errors.ts";

/** The part of an agent's options that is about TLS. */
export type TlsOptions = Pick<AgentOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;

/** What the configuration says of TLS. */
export interface TlsSettings {
  readonly tls_ca_cert: string | undefined;
  readonly tls_ca_path: string | undefined;
  readonly tls_client_cert: string | undefined;
  readonly tls_client_key: string | undefined;
  readonly tls_server_name: string | undefined;
  readonly tls_skip_verify: boolean;
}

const at = (setting: string): FileSetting => ({ seal: "transit", setting });

function authorities(setting: string, folder: string): string[] {
  try {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return files.map(({ name }) => readCertificates(at(setting), join(folder, name)));
  } catch (cause) {
    if (isSealError(cause)) throw cause;
    throw unreadableFile(at(setting), folder, cause);
  }
}

function clientCertificate({ tls_client_cert: certPath, tls_client_key: keyOrPath }: TlsSettings): TlsOptions {
  if (certPath === undefined && keyOrPath === undefined) return {};
  if (certPath === undefined) throw contradiction("tls_client_key is given without tls_client_cert: give both");
  if (keyOrPath === undefined) throw contradiction("tls_client_cert is given without tls_client_key: give both");
  const isPem = keyOrPath.startsWith("-----BEGIN");
  const pair = {
    cert: readTextFile(at("tls_client_cert"), certPath),
    key: isPem ? keyOrPath : readTextFile(at("tls_client_key"), keyOrPath),
  };
  try {
    createSecureContext(pair);
    return pair;
  } catch {
    throw contradiction("tls_client_cert and tls_client_key are not a certificate in PEM form and its key");
  }
}

/** Reads the files that `settings` names. Throws `SEAL_CONFIG` for one that cannot be read or does not hold its kind. */
export function tlsOptions(settings: TlsSettings): TlsOptions {
  const { tls_ca_cert: file, tls_ca_path: folder, tls_server_name: servername } = settings;
  const ca = [
    ...(file === undefined ? [] : [readCertificates(at("tls_ca_cert"), file)]),
    ...(folder === undefined ? [] : authorities("tls_ca_path", folder)),
  ];
  return {
    // None given leaves the authorities that Node trusts.
    ...(ca.length === 0 ? {} : { ca }),
    ...clientCertificate(settings),
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: !settings.tls_skip_verify,
  };
}
