// SPDX-License-Identifier: Apache-2.0
import { SealError } from "@sealwright/seal";

// A key id comes out of storage, so its length and content are anybody's: quoted, and cut.
function quoted(id: string): string {
  return JSON.stringify(id.length > 80 ? `${id.slice(0, 80)}…` : id);
}

/** The blob names a key that is neither the current nor the previous one. */
export function keyMissing(id: string, known: readonly string[]): SealError {
  return new SealError(
    "SEAL_KEY_MISSING",
    `this was wrapped by the static key ${quoted(id)}, and the seal has only ${known.map(quoted).join(" and ")}`,
    { advice: "give that key as previous_key and previous_key_id" },
  );
}

/** The blob has no key id, so no static seal made it. */
export function namesNoKey(): SealError {
  return new SealError("SEAL_BAD_CIPHERTEXT", "this names no key, so no static seal wrapped it, or it was altered");
}

/** The settings contradict each other. */
export function contradiction(message: string): SealError {
  return new SealError("SEAL_CONFIG", `seal "static": ${message}`);
}
