// SPDX-License-Identifier: Apache-2.0
/** Reading an unlocked storage, and giving it a new key term. */
import {
  closeAlone,
  isForeign,
  type KeyStatus,
  layeredPaths,
  lockAndSave,
  noLayer,
  numbersOf,
  type OpenStore,
  openAlone,
  paths,
  rewriteKeys,
  rotateKeyring,
  type Storage,
} from "@sealwright/core";
import { listAll, readEntry } from "./entries.ts";
import type { OfflineCommand } from "./offline-audit.ts";
import { inOfflineSession, type OfflineOptions, type OfflineSession } from "./session.ts";
import { collectShares, wipe } from "./shares.ts";

/** A storage that this process holds and that no server serves meanwhile. */
export interface OfflineStore {
  /** Whether OpenBao or Vault wrote it. */
  readonly foreign: boolean;
  /** Every path below `prefix` (empty, or ending in `/`), in order. */
  list(prefix: string): AsyncIterable<string>;
  /** What stands at `path`, decrypted by whatever protects it; undefined where there is nothing. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Adds a data key, in one batch. The last thing that is done: the keys are forgotten with it. */
  rotate(): Promise<KeyStatus>;
  /**
   * Takes the seal's layer off every entry that has one, in one batch, for a program that knows no seal wrap. Answers
   * their paths. The last thing that is done, as `rotate` is.
   */
  unwrap(): Promise<readonly string[]>;
}

const SAVE_LIMITS = { timeoutMilliseconds: 10_000, clock: () => performance.now() };

async function unlock({ storage, seals, plugin, sealConfig, shares: source }: OfflineSession): Promise<OpenStore> {
  if (seals.length > 0) return openAlone({ storage, seals, plugin });
  const shares = await collectShares(source, "unseal", numbersOf(sealConfig));
  try {
    return await openAlone({ storage, seals: [], plugin, unsealShares: shares });
  } finally {
    wipe(shares);
  }
}

/** Paths for the audit line: only of what is there, since what is not may be a secret in the wrong place. */
class Seen {
  readonly paths = new Set<string>();

  async *list(entries: AsyncIterable<string>, prefix: string): AsyncGenerator<string> {
    for await (const path of entries) {
      this.paths.add(prefix);
      yield path;
    }
  }

  read(path: string, value: Uint8Array | undefined): Uint8Array | undefined {
    if (value !== undefined) this.paths.add(path);
    return value;
  }
}

/** `storage` without entries of ours: a foreign one that gets a new term stays as its own program would have left it. */
function withoutOurs(storage: Storage): Storage {
  return {
    type: storage.type,
    get: (path) => storage.get(path),
    list: (prefix) => storage.list(prefix),
    write: (batch) => storage.write(batch.filter(({ path }) => !path.startsWith(paths.OURS))),
    close: () => storage.close(),
  };
}

/**
 * Opens the storage that a configuration names, hands it to `work`, and closes it. Throws as `inOfflineSession`, and what
 * unsealing throws; nothing was written then.
 */
export function withOfflineStore<T>(
  options: OfflineOptions,
  command: OfflineCommand,
  work: (store: OfflineStore) => Promise<T>,
): Promise<T> {
  return inOfflineSession(options, command, async (session) => {
    const { audit } = session;
    const foreign = await isForeign(session.storage);
    const storage = foreign ? withoutOurs(session.storage) : session.storage;
    const home = await unlock({ ...session, storage });
    const { barrier } = home;
    const seen = new Seen();
    try {
      await audit.unlocked(barrier);
      const answer = await work({
        foreign,
        list: (prefix) => seen.list(listAll(storage, prefix), prefix),
        read: async (path) => seen.read(path, await readEntry({ ...home, storage }, path)),
        rotate: async () => {
          await rotateKeyring(home, new Date().toISOString());
          const { keyStatus } = barrier;
          // A storage that was only read is left as it was: the count and the audit's head are for one that was written.
          await barrier.write(audit.headChanges());
          await lockAndSave(home, storage, SAVE_LIMITS);
          return keyStatus;
        },
        unwrap: async () => {
          const wrapped = await layeredPaths(storage);
          if (wrapped.length === 0) return [];
          const unlayered = { barrier, wrapKeyring: noLayer.wrap };
          await rewriteKeys(unlayered);
          await barrier.write(audit.headChanges());
          await lockAndSave(unlayered, storage, SAVE_LIMITS);
          return wrapped;
        },
      });
      return { answer, shown: seen.paths.size === 0 ? {} : { paths: [...seen.paths] } };
    } finally {
      await closeAlone(home);
    }
  });
}
