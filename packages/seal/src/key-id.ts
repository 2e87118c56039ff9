// SPDX-License-Identifier: Apache-2.0

/** The most characters of a key id that a message shows. */
const LONGEST_SHOWN = 200;

/** A blob's key id, for a message. It comes out of storage, so its length and content are anybody's: quoted, and cut. */
export function quotedKeyId(id: string): string {
  return JSON.stringify(id.length > LONGEST_SHOWN ? `${id.slice(0, LONGEST_SHOWN)}…` : id);
}
