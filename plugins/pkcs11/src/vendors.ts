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
  /** Whether the conformance suite and the faults were ever run on it. */
  readonly tested: boolean;
  /** Where each of it is written; for one that is tested, with what. */
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
    // "Cavium Networks" by its older library.
    matches: /cloudhsm|cavium|marvell/i,
    gcmNonce: "zeroed",
    gcmIvBits: "zero",
    readWriteSessions: true,
    tested: false,
    sources: [
      // The device makes the nonce, and writes it where the parameter points to zeros.
      "https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-mechanisms.html",
      // The makers' own program: a nonce of zeros, ulIvBits zero, ciphertext and tag apart from the nonce.
      "https://github.com/aws-samples/aws-cloudhsm-pkcs11-examples/blob/master/src/encrypt/aes_gcm.c",
      // No sessions that only read in SDK 5; at most 16 KB to CKM_AES_GCM at a time.
      "https://docs.aws.amazon.com/cloudhsm/latest/userguide/ki-pkcs11-sdk.html",
      // What C_GetInfo says.
      "https://github.com/joelhockey/jacknji11/issues/29",
    ],
    note: "It makes the GCM nonce itself and writes it into the parameter; the PIN is USER:PASSWORD.",
  },
  {
    ...STANDARD,
    name: "Thales Luna or ProtectServer",
    matches: /luna|safenet|thales|chrystoki/i,
    tested: false,
    sources: [
      // In FIPS mode a nonce of 16 bytes of its own stands at the end; otherwise one must be given.
      "https://thalesdocs.com/gphsm/luna/7/docs/network/Content/sdk/mechanisms/CKM_AES_GCM.htm",
      // ProtectServer: the nonce, in FIPS mode one of its own, stands behind the tag.
      "https://thalesdocs.com/gphsm/ptk/protectserver3/docs/ps_ptk_docs/ptkc_programming/ptkc_mechs/ckm_aes_gcm_old/index.html",
      // ulIvBits must be set.
      "https://github.com/miekg/pkcs11/pull/83",
      "https://github.com/parallaxsecond/rust-cryptoki/issues/247",
    ],
    note: "In FIPS mode it makes the GCM nonce itself and puts it behind the ciphertext.",
  },
  {
    ...STANDARD,
    name: "Entrust nShield",
    // "nCipher Corp. Ltd".
    matches: /ncipher|nshield|entrust/i,
    tested: false,
    sources: ["https://nshielddocs.entrust.com/security-world-docs/v13.5.1/api-pkcs11/mechanisms.html"],
    note: "A Security World under FIPS 140 Level 3 may restrict mechanisms.",
  },
  {
    ...STANDARD,
    name: "Utimaco",
    matches: /utimaco|cryptoserver/i,
    tested: false,
    sources: ["https://openbao.org/docs/guides/unseal/pkcs11/utimaco/"],
    note:
      "Ask for CKA_DECRYPT when an RSA key is made: the default is for signing. A CryptoServer CP5 wants its keys authorised " +
      "after each of its restarts.",
  },
  {
    ...STANDARD,
    name: "YubiHSM 2",
    matches: /yubihsm/i,
    tested: false,
    sources: [
      // AES in ECB, CBC and CCM modes, RSA with OAEP.
      "https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-device-specs.html",
      // The PIN's form.
      "https://docs.yubico.com/software/yubihsm-2/component-reference/hsm2-ref-pkcs11.html",
      // 16 sessions.
      "https://docs.yubico.com/software/yubihsm-2/concepts/hsm2-concept-session.html",
    ],
    note:
      "It has no CKM_AES_GCM: use RSA-OAEP. The PIN is the authentication key's id (4 hexadecimal digits) and its " +
      "password. It has 16 sessions for all programs together.",
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
