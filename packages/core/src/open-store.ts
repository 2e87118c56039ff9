// SPDX-License-Identifier: Apache-2.0
import { type AutoSealPlugin, resolveConfig, type Seal, type Stanza } from "@sealwright/seal";
import { soleSeal } from "./seals/attached-seal.ts";
import { SealedStore } from "./store.ts";
import type { StoreOptions } from "./store-options.ts";

/** A store's options with the auto seal still to be opened. */
export interface OpenStoreOptions extends Omit<StoreOptions, "seals"> {
  /** The auto seal that unseals this store; absent where people do by shares. */
  readonly seal?: {
    readonly plugin: AutoSealPlugin;
    /** As in a `seal "type" { }` block. Environment variables are not looked at. */
    readonly settings: Stanza;
    /** Told what the seal has to say; nobody unless given. */
    readonly log?: (level: "debug" | "info" | "warn", message: string) => void;
  };
}

/**
 * A store on a storage and, where one is given, a seal plugin with its settings: sealed, or yet to be initialised.
 * Takes the storage over even where it rejects, with `SEAL_CONFIG` or `SEAL_PLUGIN_UNAVAILABLE`.
 */
export async function openStore({ seal, ...options }: OpenStoreOptions): Promise<SealedStore> {
  if (seal === undefined) return new SealedStore(options);
  try {
    return new SealedStore({ ...options, seals: soleSeal(await openSeal(seal)) });
  } catch (error) {
    await options.storage.close();
    throw error;
  }
}

function openSeal({ plugin, settings, log }: NonNullable<OpenStoreOptions["seal"]>): Promise<Seal> {
  const { config } = resolveConfig(plugin.type, plugin.config, settings, {});
  return plugin.open(config, { log: log ?? (() => {}) });
}
