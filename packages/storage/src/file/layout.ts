// SPDX-License-Identifier: Apache-2.0
/** OpenBao's file layout: the entry `a/b/c` is the file `a/b/_c` holding `{"Value":"<base64>"}` and a newline. */
import { join } from "node:path";
import { StorageError } from "@sealwright/core";

/** The file of an entry, below `root`. */
export function entryFile(root: string, path: string): string {
  const slash = path.lastIndexOf("/");
  return join(root, path.slice(0, slash + 1), `_${path.slice(slash + 1)}`);
}

/** The name that a file holds an entry under, or undefined if it holds none. */
export function entryName(file: string): string | undefined {
  return file.length > 1 && file.startsWith("_") ? file.slice(1) : undefined;
}

/** The bytes of an entry's file. */
export function encodeEntry(value: Uint8Array): Buffer {
  return Buffer.from(`{"Value":"${toBase64(value)}"}\n`, "latin1");
}

/** The value in an entry's file; `STORAGE_CORRUPT` if the file is anything else than OpenBao writes. */
export function decodeEntry(path: string, file: Uint8Array): Uint8Array {
  let value: unknown;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString());
    if (typeof parsed === "object" && parsed !== null && "Value" in parsed) value = parsed.Value;
  } catch (cause) {
    throw new StorageError("STORAGE_CORRUPT", `the file of the entry ${path} is not JSON`, { cause });
  }
  // What Go's encoder makes of a value that was never set.
  if (value === null) return new Uint8Array();
  if (typeof value !== "string") {
    throw new StorageError("STORAGE_CORRUPT", `the file of the entry ${path} has no text in "Value"`);
  }
  const bytes = fromBase64(value);
  if (!bytes)
    throw new StorageError("STORAGE_CORRUPT", `the file of the entry ${path} holds a value that is not base64`);
  return bytes;
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The bytes of standard base64 with padding, undefined for any other text. */
export function fromBase64(text: string): Uint8Array | undefined {
  // Buffer skips what is not base64, so only what encodes back to the same text was.
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}
