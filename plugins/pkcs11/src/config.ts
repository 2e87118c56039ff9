// SPDX-License-Identifier: Apache-2.0
import { booleanText, type ConfigFields, type ConfigOf, integerText, SealError } from "@sealwright/seal";
import * as z from "zod";

/** The variables of a key: OpenBao's name, then Vault's. */
function variables(name: string): string[] {
  return [`BAO_HSM_${name}`, `VAULT_HSM_${name}`];
}

/** The mechanisms, by the number that PKCS#11 gives them. */
export const MECHANISMS = { CKM_AES_GCM: 0x1087, CKM_RSA_PKCS_OAEP: 0x9, CKM_AES_CBC_PAD: 0x1085 } as const;

/** The MACs of the CBC mode, by the number that PKCS#11 gives them. */
export const HMACS = { CKM_SHA256_HMAC: 0x251, CKM_SHA384_HMAC: 0x261, CKM_SHA512_HMAC: 0x271 } as const;

/** A MAC that the CBC mode can use. */
export type HmacName = keyof typeof HMACS;

/** A mechanism that this seal can use. */
export type MechanismName = keyof typeof MECHANISMS;

/** One of `table`, by its name with or without `CKM_`, or by its number. */
function oneOfMechanisms<Name extends string>(table: Readonly<Record<Name, number>>) {
  const entries = Object.entries<number>(table) as [Name, number][];
  const expected = entries.map(([name, value]) => `${name} (0x${value.toString(16)})`).join(" or ");
  return z.string().transform((given, context): Name => {
    const wanted = given.toUpperCase();
    for (const [name, value] of entries) {
      const isName = wanted === name || `CKM_${wanted}` === name;
      if (isName || (/^(0X[0-9A-F]+|\d+)$/.test(wanted) && Number(wanted) === value)) return name;
    }
    context.addIssue({ code: "custom", message: `expected ${expected}` });
    return z.NEVER;
  });
}

const keyId = z
  .string()
  .transform((text) => text.replace(/^0x/i, ""))
  .refine((hex) => /^([0-9a-f]{2})+$/i.test(hex), "expected pairs of hexadecimal digits, with or without 0x in front");

/** Operations at a time where nothing is said: as many as software tokens profit from, and small devices have. */
const DEFAULT_PARALLEL = 16;

/** The settings of a `seal "pkcs11"` block. */
export const fields = {
  lib: {
    schema: z.string(),
    doc: "The vendor's PKCS#11 library. A path, or a name that the system's loader finds.",
    env: variables("LIB"),
    aliases: ["module"],
  },
  slot: {
    schema: integerText(0, 0xffff_ffff).optional(),
    doc: "The slot's number, decimal or 0x hexadecimal. Wins over the others, which are safer: slots change numbers.",
    env: variables("SLOT"),
  },
  token_label: {
    schema: z.string().optional(),
    doc: "The token's label. This, `token_serial` or `slot` is required.",
    env: variables("TOKEN_LABEL"),
    aliases: ["token"],
  },
  token_serial: {
    schema: z.string().optional(),
    doc: "The token's serial number. Wins over `token_label`.",
    env: variables("TOKEN_SERIAL"),
  },
  pin: {
    schema: z.string(),
    doc: "The user's PIN. A refused one is not tried again before a restart.",
    env: variables("PIN"),
    secret: true,
    indirect: true,
  },
  force_last_try: {
    schema: booleanText.default(false),
    doc: "With true, a login is tried even where one more wrong PIN locks the token. Remove it after that start.",
    env: variables("FORCE_LAST_TRY"),
  },
  key_label: {
    schema: z.string().optional(),
    doc: "The key's label (`CKA_LABEL`). This, `key_id` or both are required, and must name one key.",
    env: variables("KEY_LABEL"),
    aliases: ["label"],
  },
  key_id: {
    schema: keyId.optional(),
    doc: "The key's id (`CKA_ID`) in hexadecimal.",
    env: variables("KEY_ID"),
  },
  mechanism: {
    schema: oneOfMechanisms(MECHANISMS).optional(),
    doc: "`CKM_AES_GCM`, `CKM_RSA_PKCS_OAEP` or `CKM_AES_CBC_PAD`, by name or number. Left out, AES keys have GCM.",
    env: variables("MECHANISM"),
  },
  rsa_oaep_hash: {
    schema: z
      .string()
      .toLowerCase()
      .pipe(z.enum(["sha1", "sha224", "sha256", "sha384", "sha512"]))
      .default("sha256"),
    doc: "The hash of RSA-OAEP: sha1, sha224, sha256, sha384 or sha512. SoftHSM has sha1 only.",
    env: variables("RSA_OAEP_HASH"),
  },
  disable_software_encryption: {
    schema: booleanText.default(false),
    doc: "With true, the token encrypts with RSA too. By default the server does that, with the public key.",
    env: variables("DISABLE_SOFTWARE_ENCRYPTION"),
  },
  force_rw_session: {
    schema: booleanText.default(false),
    doc: "With true, sessions are opened for reading and writing, which some devices demand.",
    env: variables("FORCE_RW_SESSION"),
  },
  default_key_label: {
    schema: z.string().optional(),
    doc: "The key of blobs that name none (very old ones of Vault's). Left out, the configured key.",
    env: variables("DEFAULT_KEY_LABEL"),
  },
  max_parallel: {
    schema: integerText(1, 1_024).optional(),
    doc: "The most operations at a time, each on a session of its own, 16 if left out; fewer where the token has fewer.",
    env: variables("MAX_PARALLEL"),
  },
  generate_key: {
    schema: booleanText.default(false),
    doc: "With true, a key that is not there is made at the first wrap: on the token, sensitive, not extractable.",
    env: variables("GENERATE_KEY"),
  },
  key_type: {
    schema: z
      .string()
      .toUpperCase()
      .transform((text) => text.replace(/^CKK_/, ""))
      .pipe(z.enum(["AES", "RSA"]))
      .optional(),
    doc: "`AES` (256 bits) or `RSA` (3072 bits): what `generate_key` makes; left out, what the mechanism needs.",
    env: variables("KEY_TYPE"),
  },
  hmac_key_label: {
    schema: z.string().optional(),
    doc: "The label of the HMAC key, for `CKM_AES_CBC_PAD`. This or `hmac_key_id` is required there.",
    env: variables("HMAC_KEY_LABEL"),
  },
  hmac_key_id: {
    schema: keyId.optional(),
    doc: "The id of the HMAC key, in hexadecimal.",
    env: variables("HMAC_KEY_ID"),
  },
  hmac_mechanism: {
    schema: oneOfMechanisms(HMACS).default("CKM_SHA256_HMAC"),
    doc: "`CKM_SHA256_HMAC`, `CKM_SHA384_HMAC` or `CKM_SHA512_HMAC`, by name or number.",
    env: variables("HMAC_MECHANISM"),
  },
  default_hmac_key_label: {
    schema: z.string().optional(),
    doc: "The HMAC key of blobs that name none. Left out, the configured one.",
    env: variables("HMAC_DEFAULT_KEY_LABEL"),
  },
} as const satisfies ConfigFields;

/** A checked configuration. */
export type Pkcs11Config = ConfigOf<typeof fields>;

/** How many operations may be under way at a time. */
export function maxParallel({ max_parallel }: Pkcs11Config): number {
  return max_parallel ?? DEFAULT_PARALLEL;
}

/** Throws `SEAL_CONFIG` unless a token and the keys that are needed are named, and no others. */
export function checkNames(config: Pkcs11Config): void {
  const { slot, token_serial, token_label, key_label, key_id, mechanism, hmac_key_label, hmac_key_id } = config;
  const fail = (problem: string): never => {
    throw new SealError("SEAL_CONFIG", `seal "pkcs11": ${problem}`);
  };
  if (slot === undefined && token_serial === undefined && token_label === undefined) {
    fail("token_label, token_serial or slot is required, to say which token to use");
  }
  if (key_label === undefined && key_id === undefined) {
    fail("key_label or key_id is required, to say which key to use");
  }
  const named = hmac_key_label !== undefined || hmac_key_id !== undefined;
  if (mechanism === "CKM_AES_CBC_PAD" && !named) {
    fail("CKM_AES_CBC_PAD needs hmac_key_label or hmac_key_id, since nothing else shows that a text was altered");
  }
  if (config.generate_key && config.key_type === "RSA" && mechanism?.startsWith("CKM_AES")) {
    fail(`key_type RSA does not go with the mechanism ${mechanism}`);
  }
}
