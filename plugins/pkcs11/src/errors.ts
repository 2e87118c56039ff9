// SPDX-License-Identifier: Apache-2.0
/** What the return values of a PKCS#11 library mean to an operator and to this seal: one table. */
import { SealError, type SealErrorCode } from "@sealwright/seal";

interface Meaning {
  readonly code: SealErrorCode;
  /** What it means and what to do, to stand after "… failed:". */
  readonly says: string;
  /** The call may work over a fresh login: the session, the login or a handle is gone. */
  readonly reconnect?: true;
  /** Never log in with this PIN again: tokens lock after a few wrong ones. */
  readonly final?: true;
}

const NOT_AGAIN = "it is not tried again before a restart, since a few wrong PINs lock a token";
const NOT_IN_THIS_FORM =
  "the token does not offer the mechanism in this form; with RSA-OAEP, set an rsa_oaep_hash that it has";
const RECONNECT = { code: "SEAL_UNAVAILABLE", reconnect: true } as const;

/** By return value (PKCS#11 v3.1, section 5.1). What is not listed counts as an outage. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  CKR_PIN_INCORRECT: { code: "SEAL_DENIED", says: `the token refused the PIN; ${NOT_AGAIN}`, final: true },
  CKR_PIN_INVALID: {
    code: "SEAL_DENIED",
    says: `the PIN has characters that the token does not take; ${NOT_AGAIN}`,
    final: true,
  },
  CKR_PIN_LEN_RANGE: { code: "SEAL_DENIED", says: `the PIN is too short or too long; ${NOT_AGAIN}`, final: true },
  CKR_PIN_EXPIRED: {
    code: "SEAL_DENIED",
    says: "the PIN has expired: set a new one with the vendor's tool",
    final: true,
  },
  CKR_PIN_LOCKED: { code: "SEAL_DENIED", says: "the PIN is locked: the security officer must reset it", final: true },
  CKR_USER_PIN_NOT_INITIALIZED: {
    code: "SEAL_CONFIG",
    says: "the token has no user PIN yet: set one with the vendor's tool",
  },
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: { code: "SEAL_UNAVAILABLE", says: "another user is logged in to the token" },
  CKR_USER_TOO_MANY_TYPES: { code: "SEAL_UNAVAILABLE", says: "too many kinds of users are logged in to the token" },

  CKR_SESSION_HANDLE_INVALID: { ...RECONNECT, says: "the session is gone" },
  CKR_SESSION_CLOSED: { ...RECONNECT, says: "the token closed the session" },
  CKR_USER_NOT_LOGGED_IN: { ...RECONNECT, says: "the token logged the user out" },
  CKR_KEY_HANDLE_INVALID: { ...RECONNECT, says: "the key is no longer where it was" },
  CKR_OBJECT_HANDLE_INVALID: { ...RECONNECT, says: "the key is no longer where it was" },
  CKR_OPERATION_ACTIVE: { ...RECONNECT, says: "an earlier operation was left unfinished" },
  CKR_OPERATION_NOT_INITIALIZED: { ...RECONNECT, says: "the token forgot what it was doing" },
  CKR_CRYPTOKI_NOT_INITIALIZED: { ...RECONNECT, says: "the library has been shut down" },
  CKR_DEVICE_ERROR: { ...RECONNECT, says: "the device reports a fault" },
  CKR_DEVICE_REMOVED: { ...RECONNECT, says: "the device was removed" },
  CKR_TOKEN_NOT_PRESENT: { ...RECONNECT, says: "the token is not there" },
  CKR_TOKEN_NOT_RECOGNIZED: { ...RECONNECT, says: "the token is not recognised" },
  CKR_SLOT_ID_INVALID: { ...RECONNECT, says: "the slot is no longer there" },
  CKR_GENERAL_ERROR: { ...RECONNECT, says: "the library gives no reason; its own log may" },
  CKR_FUNCTION_FAILED: { ...RECONNECT, says: "the library gives no reason; its own log may" },

  CKR_SESSION_COUNT: {
    code: "SEAL_THROTTLED",
    says: "the token has no session left: close other programs that use it",
  },
  CKR_DEVICE_MEMORY: { code: "SEAL_THROTTLED", says: "the device is out of memory" },
  CKR_HOST_MEMORY: { code: "SEAL_THROTTLED", says: "the library is out of memory" },

  CKR_KEY_FUNCTION_NOT_PERMITTED: {
    code: "SEAL_DENIED",
    says: "the key may not be used for this: it needs CKA_ENCRYPT and CKA_DECRYPT",
  },
  CKR_ACTION_PROHIBITED: { code: "SEAL_DENIED", says: "the token prohibits it" },
  CKR_FUNCTION_REJECTED: { code: "SEAL_DENIED", says: "someone at the token rejected it" },
  CKR_KEY_TYPE_INCONSISTENT: { code: "SEAL_CONFIG", says: "the key's type does not go with the mechanism" },
  CKR_KEY_SIZE_RANGE: { code: "SEAL_CONFIG", says: "the key's size does not go with the mechanism" },
  CKR_MECHANISM_INVALID: { code: "SEAL_CONFIG", says: "the token does not offer the mechanism" },
  CKR_MECHANISM_PARAM_INVALID: { code: "SEAL_CONFIG", says: NOT_IN_THIS_FORM },
  CKR_ARGUMENTS_BAD: { code: "SEAL_CONFIG", says: NOT_IN_THIS_FORM },
  CKR_DATA_LEN_RANGE: { code: "SEAL_CONFIG", says: "the text is too long for the token" },
  CKR_FUNCTION_NOT_SUPPORTED: { code: "SEAL_CONFIG", says: "the library lacks a function that this seal needs" },
  CKR_TOKEN_WRITE_PROTECTED: { code: "SEAL_CONFIG", says: "the token is write-protected: remove force_rw_session" },
  CKR_SESSION_READ_WRITE_SO_EXISTS: {
    code: "SEAL_UNAVAILABLE",
    says: "the security officer is logged in to the token",
  },
};

const ALTERED = "the text was altered or cut short, or another key or other additional data belongs to it";
const BAD = { code: "SEAL_BAD_CIPHERTEXT", says: ALTERED } as const;

/** What differs while decrypting: these speak of the ciphertext. */
const DECRYPTING: Readonly<Record<string, Meaning>> = {
  CKR_ENCRYPTED_DATA_INVALID: BAD,
  CKR_ENCRYPTED_DATA_LEN_RANGE: BAD,
  CKR_DATA_INVALID: BAD,
  CKR_DATA_LEN_RANGE: BAD,
  CKR_AEAD_DECRYPT_FAILED: BAD,
  CKR_SIGNATURE_INVALID: BAD,
};

/** Which parts of the table apply: the tables that are asked, in order. */
export const ORDINARY = [MEANINGS] as const;
/** While a ciphertext is being decrypted. */
export const OPENING = [DECRYPTING, MEANINGS] as const;

/** A call into the library that returned something else than `CKR_OK`. */
export class CryptokiError extends SealError {
  /** Its name, such as `CKR_PIN_INCORRECT`. */
  readonly returnValue: string;
  /** Whether a fresh login may help. */
  readonly reconnect: boolean;

  constructor(doing: string, returnValue: string, number: number, meaning: Meaning, cause: unknown) {
    const shown = `${returnValue}, 0x${number.toString(16)}`;
    super(meaning.code, `seal "pkcs11": ${doing} failed: ${meaning.says} (${shown})`, {
      cause,
      final: meaning.final === true,
    });
    this.returnValue = returnValue;
    this.reconnect = meaning.reconnect === true;
  }

  /** SoftHSM and others answer a bad tag with a code that says nothing; only a trial tells it from an outage. */
  get vague(): boolean {
    return this.returnValue === "CKR_GENERAL_ERROR" || this.returnValue === "CKR_FUNCTION_FAILED";
  }
}

/** What pkcs11js throws for a return value; told by its shape, since the package may not be installed. */
function returned(error: unknown): { name: string; number: number } | undefined {
  if (!(error instanceof Error) || !error.message.startsWith("CKR_")) return undefined;
  return { name: error.message, number: "code" in error && typeof error.code === "number" ? error.code : 0 };
}

/** `error` as it came out of the library while `doing` (a noun phrase that names token and key), as a seal's error. */
export function explain(error: unknown, doing: string, tables: typeof ORDINARY | typeof OPENING = ORDINARY): SealError {
  if (error instanceof SealError) return error;
  const value = returned(error);
  if (value === undefined) {
    return new SealError("SEAL_UNAVAILABLE", `seal "pkcs11": ${doing} failed inside the library`, { cause: error });
  }
  const known = tables.map((table) => table[value.name]).find((meaning) => meaning !== undefined);
  const meaning = known ?? { ...RECONNECT, says: "the vendor's documentation says what the code means" };
  return new CryptokiError(doing, value.name, value.number, meaning, error);
}

/** Runs `step`, a call into the library, and explains what it throws. */
export function attempt<T>(doing: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw explain(error, doing);
  }
}
