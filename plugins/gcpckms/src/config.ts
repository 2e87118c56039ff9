// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import {
  addressText,
  booleanText,
  type ConfigFields,
  type ConfigOf,
  type FileSetting,
  isLoopback,
  optionalText,
  readCertificates,
  type SealEnvironment,
} from "@sealwright/seal";
import * as z from "zod";
import { type Credentials, readCredentials } from "./credentials.ts";
import { contradiction, inPlain } from "./errors.ts";
import type { KeyRing } from "./names.ts";

const project = z.string().regex(/^[a-z0-9][a-z0-9.:-]*$/, "expected a project's id or number");
const region = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "expected a location such as europe-west3 or global");
const name = z.string().regex(/^[\w-]{1,63}$/, "expected at most 63 letters, digits, _ and -, without what it is in");

const EXAMPLE = "https://cloudkms.googleapis.com";
const endpoint = addressText(EXAMPLE, ["https:", "http:"]).refine(
  (text) => URL.parse(text)?.pathname === "/",
  `expected an address without a path, such as ${EXAMPLE}`,
);

/** The settings of a `seal "gcpckms"` block. */
export const fields = {
  project: { schema: project, doc: "The project's id.", env: ["GOOGLE_PROJECT"] },
  region: {
    schema: region,
    doc: "The key ring's location, such as `europe-west3` or `global`.",
    env: ["GOOGLE_REGION"],
  },
  key_ring: {
    schema: name,
    doc: "The key ring's name.",
    env: ["GCPCKMS_WRAPPER_KEY_RING", "VAULT_GCPCKMS_SEAL_KEY_RING"],
  },
  crypto_key: {
    schema: name.optional(),
    doc: "The key's name. Required unless `key_not_required` is set.",
    env: ["GCPCKMS_WRAPPER_CRYPTO_KEY", "VAULT_GCPCKMS_SEAL_CRYPTO_KEY"],
  },
  key_not_required: {
    schema: booleanText.default(false),
    doc: "`true` makes a seal that only unwraps: each blob names its key.",
  },
  credentials: {
    schema: optionalText,
    doc: "A credentials file's path or its JSON text. Without it, application default credentials are looked for.",
    env: ["GOOGLE_CREDENTIALS"],
    secret: true,
    indirect: true,
  },
  user_agent: {
    schema: z
      .string()
      .regex(/^[\x20-\x7e]+$/, "it has characters that no header can carry")
      .default("sealwright"),
    doc: "Put in front of the `User-Agent` of each request.",
  },
  endpoint: {
    schema: endpoint.default(EXAMPLE),
    doc: "Where Cloud KMS answers: a regional or private endpoint, or an emulator.",
    env: ["GCPCKMS_WRAPPER_ENDPOINT"],
  },
  tls_ca_cert: {
    schema: optionalText,
    doc: "A PEM file: the certificate authority that the endpoint's certificate must come from, if not a public one.",
  },
  endpoint_plaintext: {
    schema: booleanText.default(false),
    doc: "`true` lets `endpoint` be `http://` beyond the loopback too. For tests only: whoever listens can unwrap.",
    env: ["GCPCKMS_WRAPPER_ENDPOINT_PLAINTEXT"],
  },
} as const satisfies ConfigFields;

/** Which key is meant, and how Cloud KMS is reached. */
export interface Settings {
  readonly keyRing: KeyRing;
  /** The key's name within `keyRing`; undefined for a seal that only unwraps. */
  readonly key: string | undefined;
  /** Undefined for application default credentials. */
  readonly credentials: Credentials | undefined;
  readonly userAgent: string;
  /** `https:` or `http:`, host and port. */
  readonly endpoint: URL;
  /** A certificate authority as PEM; undefined for those that Node trusts. */
  readonly ca: string | undefined;
}

const CA_FILE: FileSetting = { seal: "gcpckms", setting: "tls_ca_cert" };

/**
 * The settings that a configuration gives, with the credentials file read. Throws `SEAL_CONFIG` where that is none, or
 * settings contradict each other. Warns where anybody on the way could read what is wrapped.
 */
export function settingsOf(config: ConfigOf<typeof fields>, env: SealEnvironment): Settings {
  const { crypto_key: key, key_not_required: unwrapsOnly } = config;
  if (key === undefined && !unwrapsOnly) {
    throw contradiction("crypto_key is required: set it, or the variable GCPCKMS_WRAPPER_CRYPTO_KEY");
  }
  const url = new URL(config.endpoint);
  if (url.protocol === "http:" && !isLoopback(config.endpoint)) {
    if (!config.endpoint_plaintext) {
      throw contradiction(`endpoint ${config.endpoint} has no TLS: write https://, or see endpoint_plaintext`);
    }
    env.log("warn", inPlain(url.host));
  }
  if (url.protocol === "https:" && isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0) {
    // Google's client would put the address where TLS takes names only.
    throw contradiction(`endpoint ${config.endpoint} has an address: TLS needs the name that its certificate is for`);
  }
  return {
    keyRing: { project: config.project, region: config.region, ring: config.key_ring },
    key,
    credentials: config.credentials === undefined ? undefined : readCredentials(config.credentials),
    userAgent: config.user_agent,
    endpoint: url,
    ca: config.tls_ca_cert === undefined ? undefined : readCertificates(CA_FILE, config.tls_ca_cert),
  };
}
