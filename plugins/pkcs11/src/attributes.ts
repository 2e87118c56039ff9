// SPDX-License-Identifier: Apache-2.0
import { CryptokiError, explain } from "./errors.ts";
import type { Handle, Library } from "./library.ts";

/** A session, and where it is, for messages. */
export interface SessionPlace {
  readonly library: Library;
  readonly handle: Handle;
  /** `the token "LABEL"`, or as else the configuration names it. */
  readonly where: string;
}

const ABSENT: readonly string[] = ["CKR_ATTRIBUTE_TYPE_INVALID", "CKR_ATTRIBUTE_SENSITIVE"];

/** The bytes of an object's attribute, or undefined where the object hasn't got it or keeps it secret. */
export function readAttribute(place: SessionPlace, object: Handle, type: number): Buffer | undefined {
  try {
    return place.library.calls.C_GetAttributeValue(place.handle, object, [{ type }])[0]?.value;
  } catch (error) {
    const failure = explain(error, `reading an attribute of a key on ${place.where}`);
    if (failure instanceof CryptokiError && ABSENT.includes(failure.returnValue)) return undefined;
    throw failure;
  }
}

/** The number in an attribute that holds a native `CK_ULONG`, little-endian on all supported machines. */
export function numberIn(attribute: Buffer | undefined): number | undefined {
  return attribute === undefined || attribute.length < 4 ? undefined : attribute.readUInt32LE();
}
