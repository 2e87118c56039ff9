// SPDX-License-Identifier: Apache-2.0
import { rekeyCommand } from "../../rekey/command.ts";
import { recoveryKeysOffFamily } from "../../rekey/family.ts";

export const operatorRecoveryKeysOff = rekeyCommand(
  recoveryKeysOffFamily,
  "End that the recovery keys unseal, with a new recovery key",
  "Makes a new recovery key, which opens nothing, a new root key, which the old one does not open, and a new data key, " +
    "with the leave of the recovery quorum. It needs a token with update and sudo on sys/seals/recovery-keys/off/*.",
);
