// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";
import type { Pkcs11Config } from "./config.ts";
import { attempt } from "./errors.ts";
import type { Handle, Library, Pkcs11Module } from "./library.ts";

/** A token in its slot. */
export interface Token {
  readonly slot: Handle;
  readonly slotNumber: number;
  /** Without the padding. */
  readonly label: string;
  readonly serial: string;
  /** The `CKF_…` bits of the token's info. */
  readonly flags: number;
}

/** The token that the configuration means. */
export interface NamedToken extends Token {
  /** `the token "LABEL"`, or by slot or serial number where that is how it is configured: for messages. */
  readonly where: string;
}

/** The number in a handle, which holds a native `CK_ULONG`: 4 or 8 bytes, little-endian on all supported machines. */
function numberOf(handle: Handle): number {
  return handle.readUIntLE(0, Math.min(handle.length, 6));
}

/** A token as messages list it. */
export function describeToken({ label, serial, slotNumber }: Token): string {
  return `"${label}" (slot ${slotNumber}, serial ${serial})`;
}

/** What is in a slot. */
export function readToken({ calls }: Library, slot: Handle): Token {
  const info = attempt(`reading the token in slot ${numberOf(slot)}`, () => calls.C_GetTokenInfo(slot));
  return {
    slot,
    slotNumber: numberOf(slot),
    label: info.label.trimEnd(),
    serial: info.serialNumber.trimEnd(),
    flags: info.flags,
  };
}

/** The tokens that were given a label and PINs. */
export function initialisedTokens(library: Library): Token[] {
  const { calls, ck, path } = library;
  const slots = attempt(`listing the slots of ${path}`, () => calls.C_GetSlotList(true));
  return slots.map((slot) => readToken(library, slot)).filter(({ flags }) => (flags & ck.CKF_TOKEN_INITIALIZED) !== 0);
}

/** The setting that names the token, and how messages say so. The slot wins over the serial, the serial over the label. */
function wantedToken({ slot, token_serial, token_label }: Pkcs11Config): {
  readonly by: "slot" | "token_serial" | "token_label";
  readonly words: string;
  readonly fits: (token: Token) => boolean;
} {
  if (slot !== undefined) {
    return { by: "slot", words: `in slot ${slot}`, fits: (token) => token.slotNumber === slot };
  }
  if (token_serial !== undefined) {
    const words = `with the serial number "${token_serial}"`;
    return { by: "token_serial", words, fits: (token) => token.serial === token_serial };
  }
  return { by: "token_label", words: `"${token_label}"`, fits: (token) => token.label === token_label };
}

/**
 * The token that the configuration names. Throws `SEAL_UNAVAILABLE` where it isn't there, since devices come and go, and
 * `SEAL_CONFIG` where several fit. What there is instead stands in the cause.
 */
export function findToken(library: Library, config: Pkcs11Config): NamedToken {
  const tokens = initialisedTokens(library);
  const { by, words, fits } = wantedToken(config);
  const [match, ...others] = tokens.filter(fits);
  const list = (found: readonly Token[]): Error =>
    new Error(`${library.path} shows ${found.length === 0 ? "no token" : found.map(describeToken).join(", ")}`);
  if (match === undefined) {
    throw new SealError("SEAL_UNAVAILABLE", `seal "pkcs11": the token ${words} is not there, or not initialised`, {
      cause: list(tokens),
      advice: `check ${by}, and that the device is connected; \`seal doctor\` and the log list the tokens`,
    });
  }
  if (others.length > 0) {
    throw new SealError("SEAL_CONFIG", `seal "pkcs11": several tokens could be the token ${words}`, {
      cause: list([match, ...others]),
      advice: "give token_serial, or the slot, of the one; `seal doctor` and the log list them",
    });
  }
  return { ...match, where: `the token ${words}` };
}

/**
 * Throws `SEAL_DENIED` where a login could lock the PIN, or cannot succeed because it is locked: that is left to the
 * operator. It is read from the token each time, so it ends when the operator has put it right.
 */
export function checkPinState(flags: number, where: string, ck: Pkcs11Module): void {
  if ((flags & ck.CKF_USER_PIN_LOCKED) !== 0) {
    throw new SealError("SEAL_DENIED", `seal "pkcs11": the PIN of ${where} is locked`, {
      advice: "have the security officer reset it",
    });
  }
  if ((flags & ck.CKF_USER_PIN_FINAL_TRY) !== 0) {
    throw new SealError("SEAL_DENIED", `seal "pkcs11": one more wrong PIN locks ${where}, so none is tried`, {
      advice:
        "log in once with the vendor's tool and the right PIN, which resets the count, or, if you are sure of the PIN, " +
        "start once with -force-last-try",
    });
  }
}
