// SPDX-License-Identifier: Apache-2.0
/** Moving what a seal has wrapped for itself alone to the newest version of its key, so that an older one can go. */
import type { OpenStore } from "../authority.ts";
import { RECOVERY_KEY } from "../paths.ts";
import type { Change } from "../storage.ts";
import { keyIdAt, proveSeal, sealRecoveryKey, unwrapEntry } from "../stored-keys.ts";
import { rootKeyChange } from "./root-key-entry.ts";
import type { Keeper } from "./seal-view.ts";

/** An entry that is under another key of its seal now. Key ids as the seal names them; empty where it does not. */
export interface RewrappedEntry {
  readonly seal: string;
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Rewraps the root key, and the recovery key where `keeper` has that, unless both are under the key that the seal wraps by
 * now: one batch. Answers what moved. Rejects with what the seal or the storage rejects with; nothing has changed then.
 */
export async function rewrapRootKey(open: OpenStore, keeper: Keeper): Promise<readonly RewrappedEntry[]> {
  const { storage, barrier, roster, signal } = open;
  const { name, path, seal } = keeper;
  const to = (await proveSeal(seal, signal))?.keyId ?? "";
  const paths = name === roster.record.first && keeper.kind === "auto" ? [path, RECOVERY_KEY] : [path];
  const changes: Change[] = [];
  const moved: RewrappedEntry[] = [];
  for (const each of paths) {
    const from = await keyIdAt(storage, each);
    if (from === undefined || (from === to && from !== "")) continue;
    changes.push(
      each === RECOVERY_KEY
        ? await recoveryKeyAnew(open, keeper)
        : await rootKeyChange(keeper, barrier.keyring.rootKey, signal),
    );
    moved.push({ seal: name, path: each, from, to });
  }
  if (changes.length > 0) await barrier.write([], changes);
  return moved;
}

async function recoveryKeyAnew({ storage, signal }: OpenStore, { seal }: Keeper): Promise<Change> {
  const key = await unwrapEntry(storage, RECOVERY_KEY, seal, signal);
  try {
    return { op: "put", path: RECOVERY_KEY, value: await sealRecoveryKey(seal, key, signal) };
  } finally {
    key.fill(0);
  }
}
