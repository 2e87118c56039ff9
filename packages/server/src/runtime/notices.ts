// SPDX-License-Identifier: Apache-2.0
/** What operators hear in the log without asking. */
import { RECOVERY_KEYS, type SealedStore } from "@sealwright/core";
import type { ListenerConfig } from "../config/index.ts";
import { openFamilies } from "../http/families.ts";
import type { Log } from "./log.ts";

/** Names what a listener serves to whoever reaches it, without a token. */
export function tellOpenFamilies(listener: ListenerConfig, url: string, log: Log): void {
  for (const { shown, setting } of openFamilies(listener)) {
    log.info(`${shown} can be started without a token; ${setting} = true turns them off`, { listener: url });
  }
}

function afterUnseals(
  store: Pick<SealedStore, "sealed" | "onUnsealed">,
  check: () => Promise<void>,
  unchecked: string,
  log: Log,
): void {
  store.onUnsealed(() => {
    check().catch((error: unknown) => {
      // Sealed meanwhile: the next unseal checks.
      if (!store.sealed) log.warn(unchecked, { error: String(error) });
    });
  });
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
  afterUnseals(store, check, "the seal configurations were not checked", log);
}

/** Tells after every unseal where `recovery_keys_unseal` is not what holds for the storage: only its quorum changes that. */
export function watchRecoveryKeys(
  store: Pick<SealedStore, "sealed" | "seals" | "onUnsealed">,
  configured: boolean,
  log: Log,
): void {
  const check = async (): Promise<void> => {
    const holdings = await store.seals.holdings();
    const unseal = holdings.some(({ name }) => name === RECOVERY_KEYS);
    if (unseal === configured) return;
    log.warn(
      configured
        ? `recovery_keys_unseal = true has no effect before a quorum allows it: operator seal add ${RECOVERY_KEYS}`
        : `the recovery keys unseal this storage, though recovery_keys_unseal is not set; to end that: ` +
            "operator recovery-keys-off",
    );
  };
  afterUnseals(store, check, "the seals of the storage were not looked at", log);
}

/** Tells after every unseal where several seals open the storage: none of them guards it better than the others do. */
export function watchSeveralSeals(store: Pick<SealedStore, "sealed" | "seals" | "onUnsealed">, log: Log): void {
  const check = async (): Promise<void> => {
    const able = (await store.seals.holdings()).filter(({ state }) => state !== "new").map(({ name }) => name);
    if (able.length < 2) return;
    log.info("any one of these seals opens the storage, which is as strong as the weakest of them", {
      seals: able.join(", "),
    });
  };
  afterUnseals(store, check, "the seals of the storage were not looked at", log);
}
