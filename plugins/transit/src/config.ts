// SPDX-License-Identifier: Apache-2.0
import {
  addressText,
  booleanText,
  type ConfigFields,
  type ConfigOf,
  isLoopback,
  optionalText,
  type SealEnvironment,
} from "@sealwright/seal";
import * as z from "zod";
import { inPlain, unverified } from "./errors.ts";
import { type TlsOptions, tlsOptions } from "./tls.ts";

const address = addressText("https://vault.example.com:8200", ["https:", "http:"]);

// Both end up in a path: each segment is encoded, and none may lead elsewhere.
const path = z
  .string()
  .transform((text) => text.replace(/^\/+|\/+$/g, ""))
  .refine((text) => text !== "" && text.split("/").every((segment) => !/^\.{0,2}$/.test(segment)), "expected a path");
const keyName = z.string().regex(/^\w([\w.-]*\w)?$/, "expected letters, digits and _, and in between also - and .");

const header = z.string().regex(/^[\x21-\x7e]+$/, "it has characters that no HTTP header can carry");

/** The settings of a `seal "transit"` block. */
export const fields = {
  address: {
    schema: address.default("https://127.0.0.1:8200"),
    doc: "Where the remote server answers: `https://` or `http://`, host and port.",
    env: ["TRANSIT_WRAPPER_ADDR", "VAULT_TRANSIT_SEAL_ADDR"],
    fallbackEnv: ["BAO_ADDR", "VAULT_ADDR"],
  },
  token: {
    schema: header,
    doc: "The token that may encrypt and decrypt with the key.",
    env: ["TRANSIT_WRAPPER_TOKEN", "VAULT_TRANSIT_SEAL_TOKEN"],
    fallbackEnv: ["BAO_TOKEN", "VAULT_TOKEN"],
    secret: true,
    indirect: true,
  },
  mount_path: {
    schema: path,
    doc: "Where the transit engine is mounted, such as `transit/`.",
    env: ["TRANSIT_WRAPPER_MOUNT_PATH", "VAULT_TRANSIT_SEAL_MOUNT_PATH"],
  },
  key_name: {
    schema: keyName,
    doc: "The key's name in that engine.",
    env: ["TRANSIT_WRAPPER_KEY_NAME", "VAULT_TRANSIT_SEAL_KEY_NAME"],
  },
  namespace: {
    schema: header.transform((text) => text.replace(/^\/+|\/+$/g, "")).optional(),
    doc: "The namespace that the mount is in.",
    env: ["VAULT_NAMESPACE"],
  },
  key_id_prefix: {
    schema: optionalText,
    doc: "Put in front of the key's version where a blob names its key.",
  },
  disable_renewal: {
    schema: booleanText.default(false),
    doc: "`true` leaves the token's renewal to somebody else.",
    env: ["TRANSIT_WRAPPER_DISABLE_RENEWAL", "VAULT_TRANSIT_SEAL_DISABLE_RENEWAL"],
  },
  tls_ca_cert: {
    schema: optionalText,
    doc: "A PEM file: the certificate authority that the remote's certificate must come from.",
    fallbackEnv: ["BAO_CACERT", "VAULT_CACERT"],
  },
  tls_ca_path: {
    schema: optionalText,
    doc: "A folder of such PEM files.",
    fallbackEnv: ["BAO_CAPATH", "VAULT_CAPATH"],
  },
  tls_client_cert: {
    schema: optionalText,
    doc: "A PEM file: the certificate to show to the remote. Goes with `tls_client_key`.",
    fallbackEnv: ["BAO_CLIENT_CERT", "VAULT_CLIENT_CERT"],
  },
  tls_client_key: {
    schema: optionalText,
    doc: "The certificate's key: a PEM file, or the PEM text itself.",
    fallbackEnv: ["BAO_CLIENT_KEY", "VAULT_CLIENT_KEY"],
    secret: true,
    indirect: true,
  },
  tls_server_name: {
    schema: optionalText,
    doc: "The name that the remote's certificate must be for, where it is not the address's.",
    fallbackEnv: ["BAO_TLS_SERVER_NAME", "VAULT_TLS_SERVER_NAME"],
  },
  tls_skip_verify: {
    schema: booleanText.default(false),
    doc: "`true` takes any certificate. For tests only: whoever can pose as the remote gets the token and the root key.",
    fallbackEnv: ["BAO_SKIP_VERIFY", "VAULT_SKIP_VERIFY"],
  },
} as const satisfies ConfigFields;

/** How the remote is reached, and which key is meant. */
export interface Settings {
  /** Without a trailing `/`. */
  readonly address: string;
  readonly token: string;
  readonly namespace: string | undefined;
  /** Without slashes around it. */
  readonly mount: string;
  readonly key: string;
  readonly tls: TlsOptions;
}

/**
 * The settings that a configuration gives, with the files that it names read. Throws `SEAL_CONFIG` where a file cannot
 * be read or settings contradict each other. Warns where anybody on the way could read what is wrapped.
 */
export function settingsOf(config: ConfigOf<typeof fields>, env: SealEnvironment): Settings {
  const { address, token, namespace, mount_path: mount, key_name: key } = config;
  const { protocol } = new URL(address);
  if (protocol === "http:" && !isLoopback(address)) env.log("warn", inPlain(address));
  if (protocol === "https:" && config.tls_skip_verify) env.log("warn", unverified(address));
  return { address, token, namespace, mount, key, tls: tlsOptions(config) };
}
