// SPDX-License-Identifier: Apache-2.0
/** The way out after `SEAL_CONFIG_ALTERED`: the present quorum says which configurations hold. */
import type { ShareNumbers } from "@sealwright/seal";
import { type OpenStore, quorumNumbers } from "./authority.ts";
import type { Permission } from "./authorization.ts";
import { CoreError } from "./errors.ts";
import { RECOVERY_CONFIG, SEAL_CONFIG } from "./paths.ts";
import { NO_SHARES, numbersOf, serializeSealConfig } from "./seal-config.ts";
import { plainSealConfigs, type SealConfigs, sealConfigCopy, writtenSealConfigs } from "./seal-config-copy.ts";
import { recordChanges } from "./seals/seal-record.ts";
import type { Change } from "./storage.ts";

/** Which configurations hold: those that stand in the storage now, or those that this server wrote last. */
export type KeptConfigs = "stored" | "written";

async function writtenOrRefuse(open: OpenStore): Promise<SealConfigs> {
  const written = await writtenSealConfigs(open);
  if (written === undefined) throw new CoreError("INVALID_REQUEST", "this server has written no seal configuration");
  return written;
}

function numbersIn({ seal, recovery }: SealConfigs, open: OpenStore): ShareNumbers {
  const config = open.quorum === "unseal" ? seal : recovery;
  return config === null ? NO_SHARES : numbersOf(config);
}

function restored({ seal, recovery }: SealConfigs): Change[] {
  return [
    ...(seal === null ? [] : [{ op: "put", path: SEAL_CONFIG, value: serializeSealConfig(seal) } as const]),
    ...(recovery === null ? [] : [{ op: "put", path: RECOVERY_CONFIG, value: serializeSealConfig(recovery) } as const]),
  ];
}

const permissions: Readonly<Record<KeptConfigs, Permission<KeptConfigs>>> = {
  stored: {
    numbers: quorumNumbers,
    async carryOut(open) {
      const { seal, recovery } = await plainSealConfigs(open);
      // Which seals there are is no matter of confirming: that stays as this server wrote it.
      const record = open.roster.recorded ? [recordChanges(open.roster.record).raw] : [];
      await open.barrier.write([sealConfigCopy(seal, recovery)], record);
      return "stored";
    },
  },
  written: {
    numbers: async (open) => numbersIn(await writtenOrRefuse(open), open),
    async carryOut(open) {
      const { raw } = recordChanges(open.roster.record);
      const record = open.roster.recorded ? [raw] : [];
      await open.barrier.write([], [...restored(await writtenOrRefuse(open)), ...record]);
      return "written";
    },
  },
};

/** What a quorum allows that confirms `kept`. It is counted by the threshold that `kept` names, and so proves it. */
export function sealConfigConfirmation(kept: KeptConfigs): Permission<KeptConfigs> {
  return permissions[kept];
}
