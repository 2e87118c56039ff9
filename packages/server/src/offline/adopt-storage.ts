// SPDX-License-Identifier: Apache-2.0
/** `sealwright storage adopt`: a storage of OpenBao or Vault becomes ours, with the leave of those who hold its shares. */
import { adopt, adoptionQuorum, closeAlone, openAlone } from "@sealwright/core";
import { firstEntries } from "../runtime/first-entries.ts";
import { inOfflineSession, type OfflineOptions } from "./session.ts";
import { collectShares, wipe } from "./shares.ts";

/** What an adoption leaves. */
export interface Adoption {
  /** The first token of ours, which may do everything. Shown once, kept nowhere in clear. */
  readonly rootToken: string;
  /** What was written, all below `sealwright/`. */
  readonly paths: readonly string[];
}

/**
 * Adopts the storage that a configuration names. Throws as `inOfflineSession`; `INVALID_REQUEST` where it is ours already
 * or nobody holds shares of it; `WRONG_SHARES`. Nothing was written then.
 */
export function adoptStorage(options: OfflineOptions): Promise<Adoption> {
  return inOfflineSession(options, { operation: "update", path: "storage/adopt" }, async (session) => {
    const { storage, seals, plugin, audit } = session;
    const quorum = seals.length === 0 ? "unseal" : "recovery";
    const numbers = await adoptionQuorum({ storage, quorum });
    const shares = await collectShares(session.shares, quorum, numbers);
    try {
      const unsealShares = seals.length === 0 ? { unsealShares: shares } : {};
      const open = await openAlone({ storage, seals, plugin, ...unsealShares });
      try {
        const { rootToken, changes } = firstEntries(new Date());
        await audit.unlocked(open.barrier);
        const paths = await adopt(open, shares, [...changes, ...audit.headChanges()]);
        return { answer: { rootToken, paths }, shown: { entries: paths.length } };
      } finally {
        await closeAlone(open);
      }
    } finally {
      wipe(shares);
    }
  });
}
