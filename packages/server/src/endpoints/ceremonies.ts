// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import type { Ceremonies } from "../ceremonies/ceremonies.ts";
import { RekeyService } from "../ceremonies/rekey-service.ts";
import { RootGeneration } from "../ceremonies/root-generation.ts";
import type { Endpoint } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import type { Log } from "../runtime/log.ts";
import type { NewRootToken } from "../tokens/root-token.ts";
import { decodeTokenEndpoints, generateRootEndpoints, generateRootTokenEndpoints } from "./generate-root.ts";
import { officersAndRecoveryKeys } from "./officers.ts";
import { officersRekeyEndpoints } from "./officers-rekey.ts";
import { rekeyEndpoints } from "./rekey.ts";
import { rotateConfigEndpoints } from "./rotate-config.ts";
import { rotateKeysEndpoints, rotateRootEndpoints } from "./rotate-root.ts";
import { sealConfigConfirmEndpoints } from "./seal-config-confirm.ts";

/** What the endpoints of ceremonies need. */
export interface CeremonyDeps {
  readonly store: SealedStore;
  readonly ceremonies: Ceremonies;
  readonly gate: Gate;
  readonly log: Log;
  readonly newRootToken: () => Promise<NewRootToken>;
}

/** Every endpoint of rekey, rotation and root generation, in both families. */
export function ceremonyEndpoints(deps: CeremonyDeps): Endpoint[] {
  const { store, gate } = deps;
  const barrier = new RekeyService("barrier", deps);
  const recovery = new RekeyService("recovery", deps);
  const recoveryKeysOff = new RekeyService("recovery", deps, {
    rekey: deps.ceremonies.recoveryKeysOff,
    name: "recovery (no longer to unseal)",
  });
  const rootGeneration = new RootGeneration(deps);
  return [
    ...rekeyEndpoints(barrier, gate, { ceremony: "sys/rekey", backup: "sys/rekey/backup" }),
    ...rekeyEndpoints(recovery, gate, { ceremony: "sys/rekey-recovery-key", backup: "sys/rekey/recovery-key-backup" }),
    ...rotateKeysEndpoints(barrier, gate, "sys/rotate/root"),
    ...rotateKeysEndpoints(recovery, gate, "sys/rotate/recovery"),
    ...rotateRootEndpoints(store),
    ...rotateConfigEndpoints(store),
    ...generateRootEndpoints(rootGeneration, gate),
    ...generateRootTokenEndpoints(rootGeneration, gate),
    ...decodeTokenEndpoints(),
    ...sealConfigConfirmEndpoints(deps),
    ...officersAndRecoveryKeys(deps),
    ...officersRekeyEndpoints(deps),
    ...rotateKeysEndpoints(recoveryKeysOff, gate, "sys/seals/recovery-keys/off"),
  ];
}
