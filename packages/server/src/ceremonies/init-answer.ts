// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import type { Gate } from "../http/dispatcher.ts";
import type { Log } from "../runtime/log.ts";

/**
 * Whether somebody has the answer of the initialisation: it went out, shares of it unsealed the store, or a token of it
 * was used. Until then the same init may be asked for again.
 */
export class InitAnswer {
  readonly #store: SealedStore;
  readonly #log: Log;
  #known = false;

  constructor(store: SealedStore, log: Log) {
    this.#store = store;
    this.#log = log;
    if (!store.autoSealed) store.onUnsealed(() => this.received());
  }

  /** Whether it is known already, though perhaps not yet on disk. */
  get known(): boolean {
    return this.#known;
  }

  /** An initialisation has been done, and its answer is on its way. */
  expect(): void {
    this.#known = false;
  }

  /** Somebody has it. Never throws: at worst an init may be repeated for longer. */
  received(): void {
    if (this.#known) return;
    this.#known = true;
    this.#store.confirmInit().catch((error: unknown) => {
      this.#known = false;
      this.#log.warn("that the initialisation was answered could not be recorded", { error: String(error) });
    });
  }

  /** `gate`, through which nobody passes without a token that was received. */
  watching(gate: Gate): Gate {
    const received = () => this.received();
    return {
      get sealed() {
        return gate.sealed;
      },
      async authorize(request, access, capability) {
        await gate.authorize(request, access, capability);
        received();
      },
    };
  }
}
