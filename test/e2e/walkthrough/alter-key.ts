// SPDX-License-Identifier: Apache-2.0
/** What years or billions of writes do to a data key, done at once: no test can wait for either. */
import { parseExact, paths, SealedStore, sealEntry, serializeKeyring, stringifyExact } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openLmdbStorage } from "@sealwright/storage/lmdb";

/** The fields of the active data key, as the keyring's entry spells them. */
export interface KeyFields {
  readonly InstallTime?: string;
  readonly encryptions?: bigint;
}

/** Alters the only data key in the LMDB storage at `path` of a server that is stopped, opened by the only share. */
export async function alterKey(path: string, share: string, fields: KeyFields): Promise<void> {
  const storage = await openLmdbStorage({ path });
  const store = new SealedStore({ storage, shares: shamir });
  try {
    await store.submitShare(Buffer.from(share, "base64"));
    const { keyring } = store.barrier;
    await store.seal();
    const json = parseExact(serializeKeyring(keyring).toString("utf8")) as { readonly Keys: readonly object[] };
    const altered = stringifyExact({ ...json, Keys: json.Keys.map((key) => ({ ...key, ...fields })) });
    // The keyring's entry names term 1, whatever the active term is.
    const value = sealEntry(1, keyring.rootKey, paths.KEYRING, Buffer.from(altered));
    await storage.write([{ op: "put", path: paths.KEYRING, value }]);
  } finally {
    await store.close();
  }
}
