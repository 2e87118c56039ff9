// SPDX-License-Identifier: Apache-2.0
import type { OpenStore } from "../authority.ts";
import type { SaveLimits } from "../counting/save-count.ts";
import type { KeyHomes } from "../key-homes.ts";
import type { StoreObserver } from "../observer.ts";
import { Rewrap } from "../seal-wrap/rewrap.ts";
import type { StoreSeals } from "../seals/store-seals.ts";
import type { Unsealed } from "../unsealed.ts";
import { KeyUpkeep } from "./key-upkeep.ts";

/** What goes on in the background of a store, and on what. */
export interface BackgroundOptions {
  readonly homes: KeyHomes;
  readonly seals: StoreSeals;
  readonly unsealed: () => Unsealed | undefined;
  readonly exclusively: (work: (open: OpenStore) => Promise<void>) => Promise<void>;
  readonly observer: StoreObserver;
  readonly now: () => Date;
  readonly limits: SaveLimits;
  readonly intervalMilliseconds: number;
}

/** The jobs that look after a store's keys while it is open and not foreign. */
export function backgroundOf(options: BackgroundOptions): { readonly rewrap: Rewrap; readonly upkeep: KeyUpkeep } {
  const { homes, seals, unsealed, observer } = options;
  const own = <T>(of: (unsealed: Unsealed) => T): T | undefined => {
    const open = unsealed();
    return open === undefined || open.foreign ? undefined : of(open);
  };
  const rewrap = new Rewrap({
    home: () => own((open) => homes.home(open)),
    rewrapRootKeys: async () => {
      if (seals.attached.length > 0) await seals.rewrapRootKey();
    },
    observer,
  });
  const upkeep = new KeyUpkeep({
    ...options,
    home: () => own((open) => homes.countHome(open)),
    resumeRewrap: async () => {
      await seals.deliverOutstanding();
      await rewrap.resume();
    },
  });
  return { rewrap, upkeep };
}
