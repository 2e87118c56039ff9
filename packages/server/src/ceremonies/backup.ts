// SPDX-License-Identifier: Apache-2.0
/** The backups of PGP-encrypted shares: plain entries, since what they hold is encrypted to their holders. */
import { CoreError, type SealedStore } from "@sealwright/core";
import * as z from "zod";

const schema = z.object({ Nonce: z.string(), Keys: z.record(z.string(), z.array(z.hex())) });

/** A backup as it is answered. Keys are fingerprints in lower-case hex. */
export interface Backup {
  readonly nonce: string;
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly keys_base64: Readonly<Record<string, readonly string[]>>;
}

/** The backup at `path`, or undefined. Rejects with `SEALED` or `ENTRY_CORRUPT`. */
export function readBackup(store: SealedStore, path: string): Promise<Backup | undefined> {
  return store.exclusively(async ({ storage }) => {
    const bytes = await storage.get(path);
    if (bytes === undefined) return undefined;
    const { Nonce: nonce, Keys: keys } = parse(path, bytes);
    const keys_base64 = Object.fromEntries(
      Object.entries(keys).map(([fingerprint, texts]) => [
        fingerprint,
        texts.map((text) => Buffer.from(text, "hex").toString("base64")),
      ]),
    );
    return { nonce, keys, keys_base64 };
  });
}

function parse(path: string, bytes: Uint8Array): z.output<typeof schema> {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new CoreError("ENTRY_CORRUPT", `the entry ${path} is not a backup of shares`, { cause });
  }
}

/** Deletes the backup at `path`, if there is one. Rejects with `SEALED`. */
export function deleteBackup(store: SealedStore, path: string): Promise<void> {
  return store.exclusively(({ storage }) => storage.write([{ op: "delete", path }]));
}
