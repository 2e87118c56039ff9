// SPDX-License-Identifier: Apache-2.0
/**
 * How often each key of a seal has wrapped something: a key that uses random nonces should not go on for ever. Kept in
 * plain JSON, `[{"type", "keyId", "wraps"}]`, since it holds no secret and is to be read without any key.
 */
import type { Seal } from "@sealwright/seal";
import * as z from "zod";
import type { StoreObserver } from "../observer.ts";
import { SEAL_WRAPS } from "../paths.ts";
import type { Storage } from "../storage.ts";

/** Half of what random nonces allow one AES-GCM key (SP 800-38D, section 8.3): time to change the seal's key. */
export const MANY_WRAPS = 2 ** 31;

/** One key version's wraps. */
export interface WrapCount {
  /** The seal's type. */
  readonly type: string;
  /** As the seal names the key. */
  readonly keyId: string;
  readonly wraps: number;
}

const schema = z.array(z.object({ type: z.string(), keyId: z.string(), wraps: z.int().min(0) }));

/** What `storage` says of wraps so far. What cannot be read counts from here: only messages depend on it. */
export async function readTally(storage: Storage): Promise<readonly WrapCount[]> {
  const entry = await storage.get(SEAL_WRAPS);
  if (entry === undefined) return [];
  try {
    return schema.parse(JSON.parse(Buffer.from(entry).toString("utf8")));
  } catch {
    return [];
  }
}

/** Counts the wraps of the seals that are given to it, from what the storage says on. */
export class WrapTally {
  readonly #observer: StoreObserver;
  readonly #counts = new Map<string, WrapCount>();
  readonly #warned = new Set<string>();
  #storage: Storage | undefined;

  constructor(observer: StoreObserver) {
    this.#observer = observer;
  }

  /** All counts, those of earlier processes included once `keepIn` has been called. */
  get counts(): readonly WrapCount[] {
    return [...this.#counts.values()];
  }

  /** `seal` with its wraps counted. One that fails or is abandoned counts, since the device may have done it. */
  counting(seal: Seal): Seal {
    // The key of the last wrap: an abandoned one is held to be by the same.
    let lastKeyId = "";
    return {
      type: seal.type,
      wrap: async (plaintext, call) => {
        let keyId = lastKeyId;
        try {
          const blob = await seal.wrap(plaintext, call);
          keyId = blob.keyInfo?.keyId ?? "";
          lastKeyId = keyId;
          return blob;
        } finally {
          this.#add({ type: seal.type, keyId, wraps: 1 });
          await this.#write();
        }
      },
      unwrap: (blob, call) => seal.unwrap(blob, call),
      close: () => seal.close(),
    };
  }

  /** Adds what `storage` says, and writes each change there from now on. */
  async keepIn(storage: Storage): Promise<void> {
    if (this.#storage !== undefined) return;
    // Those of an initialisation, before which there was no storage to write to.
    const unwritten = this.#counts.size > 0;
    for (const each of await readTally(storage)) this.#add(each);
    this.#storage = storage;
    if (unwritten) await this.#write();
  }

  #add({ type, keyId, wraps }: WrapCount): void {
    const key = JSON.stringify([type, keyId]);
    const count = { type, keyId, wraps: wraps + (this.#counts.get(key)?.wraps ?? 0) };
    this.#counts.set(key, count);
    if (count.wraps < MANY_WRAPS || this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#observer.sealKeyUsedUp(count);
  }

  async #write(): Promise<void> {
    const value = Buffer.from(JSON.stringify(this.counts));
    // A count that is not on disk is on it with the next one; the wrap itself is good.
    await this.#storage?.write([{ op: "put", path: SEAL_WRAPS, value }]).catch(() => undefined);
  }
}
