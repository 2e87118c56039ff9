// SPDX-License-Identifier: Apache-2.0
/** What the return values of a PKCS#11 library mean to an operator and to this seal (PKCS#11 v3.1, section 5.1): one table. */
import type { SealErrorCode } from "@sealwright/seal";

/**
 * What may help after a failure, from the mildest to the most drastic; each includes those before it. `nothing` needs a
 * person, and after `replace-process` the call fails and the next one finds a new process.
 */
export const RECOVERIES = [
  "retry",
  "find-key",
  "log-in",
  "reopen-session",
  "restart-library",
  "replace-process",
] as const;

/** One of {@link RECOVERIES}. */
export type RecoveryStep = (typeof RECOVERIES)[number];

/** A class of return values, by what is done about them. `harmless`: it was done already, so it is no failure. */
export type Recovery = RecoveryStep | "nothing" | "harmless";

/** One row of the table. */
export interface Meaning {
  readonly code: SealErrorCode;
  readonly recovery: Recovery;
  /** What it means, to stand after "… failed:". */
  readonly says: string;
  /** What to do about it, where that is more than what goes for its code in general. */
  readonly advice?: string;
  /** Never log in with this PIN again: tokens lock after a few wrong ones. */
  readonly final?: true;
}

function denied(says: string, advice?: string): Meaning {
  return { code: "SEAL_DENIED", recovery: "nothing", says, ...advised(advice) };
}

function refusedPin(says: string, advice: string): Meaning {
  return { ...denied(says, advice), final: true };
}

function misconfigured(says: string, advice?: string): Meaning {
  return { code: "SEAL_CONFIG", recovery: "nothing", says, ...advised(advice) };
}

function outage(recovery: Recovery, says: string, advice?: string): Meaning {
  return { code: "SEAL_UNAVAILABLE", recovery, says, ...advised(advice) };
}

function scarce(recovery: Recovery, says: string, advice?: string): Meaning {
  return { code: "SEAL_THROTTLED", recovery, says, ...advised(advice) };
}

function advised(advice: string | undefined): Pick<Meaning, "advice"> {
  return advice === undefined ? {} : { advice };
}

const NOT_AGAIN = "correct the pin and restart; it is not tried again before, since a few wrong PINs lock a token";
const RESET = "set a new one with the vendor's tool, then restart";
const BY_OTHER_MEANS = "make the key with the vendor's tool";
const OTHER_HASH = "with RSA-OAEP, set an rsa_oaep_hash that the token has";
const OTHER_MECHANISM = "set a mechanism that the token offers and that goes with the key; `seal doctor` lists them";
const LOG_OF_ITS_OWN = "the library's own log may say more";
const LOST = "the key is no longer where it was";

/** By name. */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  CKR_PIN_INCORRECT: refusedPin("the token refused the PIN", NOT_AGAIN),
  CKR_PIN_INVALID: refusedPin("the PIN has characters that the token does not take", NOT_AGAIN),
  CKR_PIN_LEN_RANGE: refusedPin("the PIN is too short or too long", NOT_AGAIN),
  CKR_PIN_EXPIRED: refusedPin("the PIN has expired", RESET),
  CKR_PIN_TOO_WEAK: refusedPin("the token finds the PIN too weak", RESET),
  CKR_PIN_LOCKED: refusedPin("the PIN is locked", "have the security officer reset it, then restart"),
  CKR_USER_PIN_NOT_INITIALIZED: misconfigured("the token has no user PIN yet", "set one with the vendor's tool"),
  CKR_USER_TYPE_INVALID: misconfigured("the token knows no ordinary user"),
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: outage("restart-library", "another user is logged in to the token"),
  CKR_USER_TOO_MANY_TYPES: outage("restart-library", "too many kinds of users are logged in to the token"),

  CKR_USER_ALREADY_LOGGED_IN: outage("harmless", "the user is logged in already"),
  CKR_CRYPTOKI_ALREADY_INITIALIZED: outage("harmless", "the library is started already"),

  CKR_FUNCTION_CANCELED: outage("retry", "the call was cancelled"),
  CKR_CANCEL: outage("retry", "the call was cancelled"),
  CKR_FUNCTION_NOT_PARALLEL: outage("retry", "the library does nothing in parallel"),
  CKR_RANDOM_NO_RNG: outage("retry", "the token has no random numbers just now"),
  CKR_DEVICE_ERROR: outage("retry", "the device reports a fault"),

  CKR_KEY_HANDLE_INVALID: outage("find-key", LOST),
  CKR_OBJECT_HANDLE_INVALID: outage("find-key", LOST),
  CKR_KEY_CHANGED: outage("find-key", "the key is another one than before"),
  CKR_USER_NOT_LOGGED_IN: outage("log-in", "the token logged the user out"),

  CKR_SESSION_HANDLE_INVALID: outage("reopen-session", "the session is gone"),
  CKR_SESSION_CLOSED: outage("reopen-session", "the token closed the session"),
  CKR_SESSION_READ_ONLY: misconfigured("the session may only read", "set force_rw_session"),
  CKR_SESSION_READ_ONLY_EXISTS: outage("restart-library", "a session that may only read stands in the way"),
  CKR_SESSION_PARALLEL_NOT_SUPPORTED: misconfigured("the library demands a kind of session that no standard has"),
  CKR_OPERATION_ACTIVE: outage("reopen-session", "an earlier operation was left unfinished"),
  CKR_OPERATION_NOT_INITIALIZED: outage("reopen-session", "the token forgot what it was doing"),
  CKR_OPERATION_CANCEL_FAILED: outage("reopen-session", "an earlier operation could not be ended"),
  CKR_BUFFER_TOO_SMALL: outage("reopen-session", "the token answers more than it should"),
  CKR_GENERAL_ERROR: outage("reopen-session", "the library gives no reason", LOG_OF_ITS_OWN),
  CKR_FUNCTION_FAILED: outage("reopen-session", "the library gives no reason", LOG_OF_ITS_OWN),

  CKR_CRYPTOKI_NOT_INITIALIZED: outage("restart-library", "the library has been shut down"),
  CKR_DEVICE_REMOVED: outage("restart-library", "the device was removed"),
  CKR_TOKEN_NOT_PRESENT: outage("restart-library", "the token is not there"),
  CKR_TOKEN_NOT_RECOGNIZED: outage("restart-library", "the token is not recognised"),
  CKR_SLOT_ID_INVALID: outage("restart-library", "the slot is no longer there"),
  CKR_TOKEN_RESOURCE_EXCEEDED: scarce("restart-library", "the token has run out of something"),

  CKR_MUTEX_BAD: outage("replace-process", "the library's locks are broken"),
  CKR_MUTEX_NOT_LOCKED: outage("replace-process", "the library's locks are broken"),
  CKR_LIBRARY_LOAD_FAILED: outage("replace-process", "the library could not load a part of itself"),
  CKR_HOST_MEMORY: scarce("replace-process", "the library is out of memory"),
  CKR_CANT_LOCK: misconfigured("the library cannot be used from several threads"),
  CKR_NEED_TO_CREATE_THREADS: misconfigured("the library insists on threads of its own"),

  CKR_SESSION_COUNT: scarce("nothing", "the token has no session left", "close other programs that use it"),
  CKR_DEVICE_MEMORY: scarce("nothing", "the device is out of memory"),

  CKR_KEY_FUNCTION_NOT_PERMITTED: denied(
    "the key may not be used for this",
    "make a key with CKA_ENCRYPT and CKA_DECRYPT",
  ),
  CKR_ACTION_PROHIBITED: denied("the token prohibits it"),
  CKR_FUNCTION_REJECTED: denied("someone at the token rejected it"),
  CKR_OPERATION_NOT_VALIDATED: denied("the token's policy does not allow it"),
  CKR_KEY_TYPE_INCONSISTENT: misconfigured("the key's type does not go with the mechanism", OTHER_MECHANISM),
  CKR_KEY_SIZE_RANGE: misconfigured("the key's size does not go with the mechanism"),
  CKR_MECHANISM_INVALID: misconfigured("the token does not offer the mechanism", OTHER_MECHANISM),
  CKR_MECHANISM_PARAM_INVALID: misconfigured("the token does not offer the mechanism in this form", OTHER_HASH),
  CKR_ARGUMENTS_BAD: misconfigured("the token does not offer the mechanism in this form", OTHER_HASH),
  CKR_DATA_LEN_RANGE: misconfigured("the text is too long for the token"),
  CKR_FUNCTION_NOT_SUPPORTED: misconfigured("the library lacks a function that this seal needs"),
  CKR_TEMPLATE_INCONSISTENT: misconfigured("the token does not make keys with these attributes", BY_OTHER_MEANS),
  CKR_TEMPLATE_INCOMPLETE: misconfigured("the token wants more attributes for a key", BY_OTHER_MEANS),
  CKR_ATTRIBUTE_VALUE_INVALID: misconfigured("the token does not make keys with these attributes", BY_OTHER_MEANS),
  CKR_ATTRIBUTE_TYPE_INVALID: misconfigured("the token lacks an attribute that is needed", BY_OTHER_MEANS),
  CKR_TOKEN_WRITE_PROTECTED: misconfigured("the token is write-protected", "remove force_rw_session and generate_key"),
  CKR_SESSION_READ_WRITE_SO_EXISTS: outage("nothing", "the security officer is logged in to the token"),
};

const ALTERED = "the text was altered or cut short, or another key or other additional data belongs to it";
const BAD: Meaning = { code: "SEAL_BAD_CIPHERTEXT", recovery: "nothing", says: ALTERED };

/** What differs while decrypting: these speak of the ciphertext. */
export const DECRYPTING: Readonly<Record<string, Meaning>> = {
  CKR_ENCRYPTED_DATA_INVALID: BAD,
  CKR_ENCRYPTED_DATA_LEN_RANGE: BAD,
  CKR_DATA_INVALID: BAD,
  CKR_DATA_LEN_RANGE: BAD,
  CKR_AEAD_DECRYPT_FAILED: BAD,
  CKR_SIGNATURE_INVALID: BAD,
};

/** What is not listed: vendors have codes of their own. */
export const UNKNOWN: Meaning = outage(
  "reopen-session",
  "this seal does not know the code",
  "the vendor's documentation says what it means",
);
