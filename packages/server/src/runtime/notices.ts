// SPDX-License-Identifier: Apache-2.0
/** What operators hear in the log without asking. */
import type { SealedStore } from "@sealwright/core";
import type { ListenerConfig } from "../config/index.ts";
import { openFamilies } from "../http/families.ts";
import type { Log } from "./log.ts";

/** Names what a listener serves to whoever reaches it, without a token. */
export function tellOpenFamilies(listener: ListenerConfig, url: string, log: Log): void {
  for (const { shown, setting } of openFamilies(listener)) {
    log.info(`${shown} can be started without a token; ${setting} = true turns them off`, { listener: url });
  }
}

/** Tells after every unseal whether somebody has altered the plain seal configurations. */
export function watchSealConfigs(store: Pick<SealedStore, "sealed" | "status" | "onUnsealed">, log: Log): void {
  const check = async (): Promise<void> => {
    if (!(await store.status()).sealConfigsAltered) return;
    log.error(
      "core/seal-config or core/recovery-config is not what this server wrote: somebody altered it in the storage. " +
        "Ceremonies by recovery shares are refused until a quorum confirms which holds: see docs/operations/rekey.md",
    );
  };
  store.onUnsealed(() => {
    check().catch((error: unknown) => {
      // Sealed meanwhile: the next unseal checks them.
      if (!store.sealed) log.warn("the seal configurations were not checked", { error: String(error) });
    });
  });
}
