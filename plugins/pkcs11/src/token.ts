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

/** The number in a handle, which holds a native `CK_ULONG`: 4 or 8 bytes, little-endian on all supported machines. */
function numberOf(handle: Handle): number {
  return handle.readUIntLE(0, Math.min(handle.length, 6));
}

function describe({ label, serial, slotNumber }: Token): string {
  return `"${label}" (slot ${slotNumber}, serial ${serial})`;
}

function initialisedTokens({ calls, ck, path }: Library): Token[] {
  const slots = attempt(`listing the slots of ${path}`, () => calls.C_GetSlotList(true));
  return slots.flatMap((slot) => {
    const info = attempt(`reading the token in slot ${numberOf(slot)}`, () => calls.C_GetTokenInfo(slot));
    if ((info.flags & ck.CKF_TOKEN_INITIALIZED) === 0) return [];
    const label = info.label.trimEnd();
    return [{ slot, slotNumber: numberOf(slot), label, serial: info.serialNumber.trimEnd(), flags: info.flags }];
  });
}

/**
 * The token that the configuration names; the slot wins over the label. Throws `SEAL_UNAVAILABLE` where it isn't there,
 * since devices come and go, and `SEAL_CONFIG` where several have the label.
 */
export function findToken(library: Library, { slot, token_label }: Pkcs11Config): Token {
  const tokens = initialisedTokens(library);
  const wanted = slot === undefined ? `labelled "${token_label}"` : `in slot ${slot}`;
  const matches = tokens.filter((token) =>
    slot === undefined ? token.label === token_label : token.slotNumber === slot,
  );
  const [match, ...others] = matches;
  if (match === undefined) {
    const present = tokens.length === 0 ? "none" : tokens.map(describe).join(", ");
    throw new SealError(
      "SEAL_UNAVAILABLE",
      `seal "pkcs11": there is no initialised token ${wanted}; ${library.path} shows: ${present}. ` +
        `Check ${slot === undefined ? "token_label" : "slot"}, and that the device is connected`,
    );
  }
  if (others.length > 0) {
    throw new SealError(
      "SEAL_CONFIG",
      `seal "pkcs11": several tokens are ${wanted}: ${matches.map(describe).join(", ")}. Give the slot of the one`,
    );
  }
  return match;
}

/**
 * Throws `SEAL_DENIED` where a login could lock the PIN, or cannot succeed because it is locked: that is left to the
 * operator. It is read from the token each time, so it ends when the operator has put it right.
 */
export function checkPinState({ flags, label }: Token, ck: Pkcs11Module): void {
  if ((flags & ck.CKF_USER_PIN_LOCKED) !== 0) {
    throw new SealError(
      "SEAL_DENIED",
      `seal "pkcs11": the PIN of the token "${label}" is locked: the security officer must reset it`,
    );
  }
  if ((flags & ck.CKF_USER_PIN_FINAL_TRY) !== 0) {
    throw new SealError(
      "SEAL_DENIED",
      `seal "pkcs11": one more wrong PIN locks the token "${label}", so none is tried: ` +
        "log in once with the vendor's tool and the right PIN, which resets the count",
    );
  }
}
