// SPDX-License-Identifier: Apache-2.0
import { inOfflineSession, type OfflineOptions } from "./session.ts";

/**
 * What stands in the clear at `path`, or undefined. Nobody gives a share for it: a backup of PGP-encrypted shares is for
 * those who have no other way in. `isPlain(path)` must hold. Throws as `inOfflineSession`.
 */
export function readPlainEntry(options: OfflineOptions, path: string): Promise<Uint8Array | undefined> {
  return inOfflineSession(options, { operation: "read", path: "storage/get" }, async ({ storage }) => {
    const answer = await storage.get(path);
    return { answer, shown: answer === undefined ? {} : { paths: [path] } };
  });
}
