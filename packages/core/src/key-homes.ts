// SPDX-License-Identifier: Apache-2.0
import type { SharesSealPlugin } from "@sealwright/seal";
import type { OpenStore } from "./authority.ts";
import type { KeyringHome, WrapKeyring } from "./commit.ts";
import type { Interruption } from "./interruption.ts";
import type { EntryLayer, MakeLayer } from "./seal-wrap/entry-layer.ts";
import type { RewrapHome } from "./seal-wrap/rewrap.ts";
import type { Asking } from "./seals/ask-all.ts";
import { listOutstanding } from "./seals/outstanding.ts";
import type { Reach } from "./seals/reach.ts";
import type { SealView } from "./seals/seal-view.ts";
import type { Storage } from "./storage.ts";
import type { Unsealed } from "./unsealed.ts";

/** What a store gives to whoever works on its keys. */
export interface KeyHomesOptions {
  readonly storage: Storage;
  readonly shares: SharesSealPlugin;
  readonly makeLayer: MakeLayer;
  readonly asking: Omit<Asking, "signal">;
  readonly interruption: Interruption;
  readonly now: () => Date;
}

/** Shows an open store to what changes its keys, each as much as it needs. */
export class KeyHomes {
  readonly #options: KeyHomesOptions;

  constructor(options: KeyHomesOptions) {
    this.#options = options;
  }

  /** What a keyring goes through where its seals are those of `view`, and whom it has to reach. */
  layerFor(view: SealView, reach?: Reach): WrapKeyring {
    return this.#layerOf(() => view, reach).wrap;
  }

  /** For changes of the keyring, which go on without a seal that does not answer. */
  home({ barrier, storage, roster }: Unsealed): RewrapHome {
    const { wrap, fits } = this.#layerOf(() => roster.view);
    return { barrier, storage, wrapKeyring: wrap, fits, signal: this.#options.interruption.signal };
  }

  /** For saving the count: no seal that opens the keyring may lose it by that. */
  countHome({ barrier, roster }: Unsealed): KeyringHome {
    const { wrapForAll } = this.#layerOf(() => roster.view);
    return { barrier, wrapKeyring: wrapForAll, signal: this.#options.interruption.signal };
  }

  /** For ceremonies. Calls to the seals abort with `signal` too. */
  openStore(unsealed: Unsealed, signal?: AbortSignal): OpenStore {
    const { shares, asking, interruption, now } = this.#options;
    const { storage, barrier, roster, foreign } = unsealed;
    return {
      storage,
      barrier,
      roster,
      quorum: roster.quorum,
      wrapKeyring: this.home(unsealed).wrapKeyring,
      layerFor: (view, reach) => this.layerFor(view, reach),
      asking,
      foreign,
      plugin: shares,
      now: now().toISOString(),
      signal: interruption.with(signal),
    };
  }

  #layerOf(view: () => SealView, reach?: Reach): EntryLayer {
    const { makeLayer, storage, asking } = this.#options;
    return makeLayer({ view, outstanding: () => listOutstanding(storage), asking, ...(reach && { reach }) });
  }
}
