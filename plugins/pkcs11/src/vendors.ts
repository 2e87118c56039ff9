// SPDX-License-Identifier: Apache-2.0
/** What differs between makes of HSM, as data. Only what is marked as tested was ever run; the rest is from documents. */

/** How a library of one make behaves where the standard leaves room. */
export interface VendorProfile {
  readonly name: string;
  /** Matches the manufacturer and description that `C_GetInfo` gives. */
  readonly matches: RegExp;
  /** What to hand in as GCM nonce: `random`, or `zeroed` where the device makes its own and refuses any other. */
  readonly gcmNonce: "random" | "zeroed";
  /** `ulIvBits` of the GCM parameter: the nonce's length, or 0 where the library expects the field unused. */
  readonly gcmIvBits: "length" | "zero";
  /** Sessions that cannot write are refused. */
  readonly readWriteSessions: boolean;
  /** The most sessions that the device has. */
  readonly mostSessions?: number;
  readonly tested: boolean;
  /** Where it is written. */
  readonly sources: readonly string[];
  /** For the operator, in `seal doctor`. */
  readonly note: string;
}

const STANDARD = { gcmNonce: "random", gcmIvBits: "length", readWriteSessions: false } as const;

/** What is assumed of a make that isn't listed. */
export const UNKNOWN_VENDOR: VendorProfile = {
  ...STANDARD,
  name: "an unknown make",
  matches: /(?:)/,
  tested: false,
  sources: [],
  note: "It is used as the standard says. A nonce that the device makes itself is recognised by the answer.",
};

/** The makes that something is known of. */
export const VENDORS: readonly VendorProfile[] = [
  {
    ...STANDARD,
    name: "SoftHSM",
    matches: /softhsm/i,
    tested: true,
    sources: ["tested with 2.6.1"],
    note: "RSA-OAEP with SHA-1 only; a wrong PIN never locks.",
  },
  {
    ...STANDARD,
    name: "kryoptic",
    matches: /kryoptic/i,
    tested: true,
    sources: ["tested with 1.5.4"],
    note: "Ten wrong PINs lock the token.",
  },
  {
    name: "AWS CloudHSM",
    matches: /cloudhsm|marvell|cavium/i,
    gcmNonce: "zeroed",
    gcmIvBits: "length",
    readWriteSessions: true,
    tested: false,
    sources: [
      "https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-mechanisms.html",
      "https://docs.aws.amazon.com/cloudhsm/latest/userguide/ki-pkcs11-sdk.html",
    ],
    note: "It makes the GCM nonce itself and writes it into the parameter; the PIN is USER:PASSWORD.",
  },
  {
    ...STANDARD,
    name: "Thales Luna",
    matches: /luna|safenet|thales/i,
    tested: false,
    sources: ["https://thalesdocs.com/gphsm/luna/7/docs/network/Content/sdk/mechanisms/CKM_AES_GCM.htm"],
    note: "In FIPS mode it makes a nonce of 16 bytes itself and appends it to the ciphertext.",
  },
  {
    ...STANDARD,
    name: "Entrust nShield",
    matches: /ncipher|nshield|entrust/i,
    tested: false,
    sources: ["https://nshielddocs.entrust.com/security-world-docs/v13.6.3/api-pkcs11/mechanisms.html"],
    note: "A Security World under FIPS 140 Level 3 may restrict mechanisms.",
  },
  {
    ...STANDARD,
    name: "Utimaco",
    matches: /utimaco|cryptoserver/i,
    tested: false,
    sources: ["https://support.hsm.utimaco.com"],
    note: "Nothing is known to differ from the standard.",
  },
  {
    ...STANDARD,
    name: "YubiHSM 2",
    matches: /yubico|yubihsm/i,
    mostSessions: 16,
    tested: false,
    sources: ["https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-pkcs11-guide.html"],
    note: "It has no CKM_AES_GCM: use RSA-OAEP. It has 16 sessions, for all programs together.",
  },
];

/** The profile for what `C_GetInfo` says. */
export function vendorOf(info: {
  readonly manufacturerID: string;
  readonly libraryDescription: string;
}): VendorProfile {
  const text = `${info.manufacturerID} ${info.libraryDescription}`;
  return VENDORS.find(({ matches }) => matches.test(text)) ?? UNKNOWN_VENDOR;
}
