// SPDX-License-Identifier: Apache-2.0
/** A listener's certificate, key and authorities, read and checked so that what is wrong is said in one sentence. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions, type SecureVersion } from "node:tls";
import type { ListenerConfig } from "../config/index.ts";
import { StartupError } from "./startup-error.ts";

const VERSIONS: Readonly<Record<ListenerConfig["tls_min_version"], SecureVersion>> = {
  tls10: "TLSv1",
  tls11: "TLSv1.1",
  tls12: "TLSv1.2",
  tls13: "TLSv1.3",
};

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
};

type Setting = "tls_cert_file" | "tls_key_file" | "tls_client_ca_file";

const BLOCKS = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

/** The PEM text behind a setting, which holds a block of `kind`. */
function readPem(setting: Setting, path: string, kind: RegExp): string {
  const text = readText(setting, path);
  const kinds = [...text.matchAll(BLOCKS)].map((match) => match[1] ?? "");
  if (kinds.some((each) => kind.test(each))) return text;
  const found = kinds.length === 0 ? "nothing in PEM" : kinds[0];
  throw new StartupError(`${setting}: ${path} holds ${found}, and a ${kind.source.replace("$", "")} in PEM is needed`);
}

function readText(setting: Setting, path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new StartupError(`${setting}: ${path} cannot be read: ${UNREADABLE[code] ?? code}`, { cause });
  }
}

function readKey(path: string): { text: string; key: KeyObject } {
  const text = readPem("tls_key_file", path, /PRIVATE KEY$/);
  try {
    return { text, key: createPrivateKey(text) };
  } catch (cause) {
    const encrypted = text.includes("ENCRYPTED");
    const why = encrypted
      ? "is encrypted, and there is no passphrase to open it with: store it decrypted, readable by this user only"
      : "is not a private key that can be read: it is damaged or of an unknown kind";
    throw new StartupError(`tls_key_file: ${path} ${why}`, { cause });
  }
}

/** The certificates of a file, the first of them parsed. */
function readCertificates(setting: Setting, path: string): { text: string; certificate: X509Certificate } {
  const text = readPem(setting, path, /CERTIFICATE$/);
  try {
    const certificates = [...text.matchAll(BLOCKS)]
      .filter((match) => match[1] === "CERTIFICATE")
      .map(([block]) => new X509Certificate(block));
    const [certificate] = certificates;
    if (certificate === undefined) throw new Error("no block is a plain CERTIFICATE");
    return { text, certificate };
  } catch (cause) {
    throw new StartupError(`${setting}: ${path} has a certificate that cannot be read: it is damaged`, { cause });
  }
}

/** What the files of `config` hold, ready for a server or for `setSecureContext`. Throws `StartupError`. */
export function readTlsFiles(config: ListenerConfig): SecureContextOptions {
  const { tls_cert_file: certPath = "", tls_key_file: keyPath = "", tls_client_ca_file: caPath } = config;
  const cert = readCertificates("tls_cert_file", certPath);
  const key = readKey(keyPath);
  if (!cert.certificate.checkPrivateKey(key.key)) {
    throw new StartupError(`tls_key_file: ${keyPath} is not the key of the first certificate in ${certPath}`);
  }
  const options = {
    cert: cert.text,
    key: key.text,
    minVersion: VERSIONS[config.tls_min_version],
    maxVersion: VERSIONS[config.tls_max_version],
    ...(caPath === undefined ? {} : { ca: readCertificates("tls_client_ca_file", caPath).text }),
  };
  try {
    createSecureContext(options);
    return options;
  } catch (cause) {
    throw new StartupError(`${certPath} and ${keyPath} cannot be used for TLS: ${(cause as Error).message}`, { cause });
  }
}
