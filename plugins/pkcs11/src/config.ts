// SPDX-License-Identifier: Apache-2.0
import { booleanText, type ConfigFields, type ConfigOf, integerText, SealError } from "@sealwright/seal";
import { z } from "zod";

/** The variables of a key: OpenBao's name, then Vault's. */
function variables(name: string): string[] {
  return [`BAO_HSM_${name}`, `VAULT_HSM_${name}`];
}

/** The mechanisms, by the number that PKCS#11 gives them. */
export const MECHANISMS = { CKM_AES_GCM: 0x1087, CKM_RSA_PKCS_OAEP: 0x9 } as const;

/** A mechanism that this seal can use. */
export type MechanismName = keyof typeof MECHANISMS;

const mechanism = z.string().transform((given, context): MechanismName => {
  const wanted = given.toUpperCase();
  for (const [name, value] of Object.entries(MECHANISMS)) {
    const isName = wanted === name || `CKM_${wanted}` === name;
    if (isName || (/^(0X[0-9A-F]+|\d+)$/.test(wanted) && Number(wanted) === value)) return name as MechanismName;
  }
  context.addIssue({ code: "custom", message: "expected CKM_AES_GCM (0x1087) or CKM_RSA_PKCS_OAEP (0x9)" });
  return z.NEVER;
});

const keyId = z
  .string()
  .transform((text) => text.replace(/^0x/i, ""))
  .refine((hex) => /^([0-9a-f]{2})+$/i.test(hex), "expected pairs of hexadecimal digits, with or without 0x in front");

/** A key of Vault's that is known and cannot be honoured yet: refused, since ignoring it would surprise. */
function unsupported(reason: string) {
  return z.undefined({ error: `this version ${reason}` }).optional();
}

const ONLY_CBC = "has no CKM_AES_CBC_PAD, the one mechanism that needs it: remove it if your key is AES-GCM or RSA";

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
    doc: "The slot's number, decimal or 0x hexadecimal. Wins over `token_label`, which is safer: slots change numbers.",
    env: variables("SLOT"),
  },
  token_label: {
    schema: z.string().optional(),
    doc: "The token's label. Either this or `slot` is required.",
    env: variables("TOKEN_LABEL"),
    aliases: ["token"],
  },
  pin: {
    schema: z.string(),
    doc: "The user's PIN. A refused one is not tried again before a restart.",
    env: variables("PIN"),
    secret: true,
    indirect: true,
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
    schema: mechanism.optional(),
    doc: "`CKM_AES_GCM` or `CKM_RSA_PKCS_OAEP`, by name or number. Left out, the key's type decides.",
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
    schema: integerText(1, 65_535).optional(),
    doc: "The most operations at a time. This version does one at a time, so any limit is kept.",
    env: variables("MAX_PARALLEL"),
  },
  generate_key: {
    schema: booleanText
      .refine(
        (value) => !value,
        "this version generates no keys: create the key with the vendor's tool, then remove this",
      )
      .default(false),
    doc: "Only false: this version generates no keys.",
    env: variables("GENERATE_KEY"),
  },
  key_type: {
    schema: unsupported("generates no keys, and takes a key's type from the key: remove it"),
    doc: "Refused: the key's type comes from the key.",
    env: variables("KEY_TYPE"),
  },
  hmac_key_label: {
    schema: unsupported(ONLY_CBC),
    doc: "Refused: belongs to `CKM_AES_CBC_PAD`.",
    env: variables("HMAC_KEY_LABEL"),
  },
  hmac_key_id: {
    schema: unsupported(ONLY_CBC),
    doc: "Refused, likewise.",
    env: variables("HMAC_KEY_ID"),
  },
  hmac_mechanism: {
    schema: unsupported(ONLY_CBC),
    doc: "Refused, likewise.",
    env: variables("HMAC_MECHANISM"),
  },
  default_hmac_key_label: {
    schema: unsupported(ONLY_CBC),
    doc: "Refused, likewise.",
    env: variables("HMAC_DEFAULT_KEY_LABEL"),
  },
} as const satisfies ConfigFields;

/** A checked configuration. */
export type Pkcs11Config = ConfigOf<typeof fields>;

/** Throws `SEAL_CONFIG` unless a token and a key are named. */
export function checkNames(config: Pkcs11Config): void {
  if (config.slot === undefined && config.token_label === undefined) {
    throw new SealError("SEAL_CONFIG", 'seal "pkcs11": token_label or slot is required, to say which token to use');
  }
  if (config.key_label === undefined && config.key_id === undefined) {
    throw new SealError("SEAL_CONFIG", 'seal "pkcs11": key_label or key_id is required, to say which key to use');
  }
}
