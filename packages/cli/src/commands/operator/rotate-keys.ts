// SPDX-License-Identifier: Apache-2.0
import { rekeyCommand } from "../../rekey/command.ts";
import { rotateKeysFamily } from "../../rekey/family.ts";

export const operatorRotateKeys = rekeyCommand(
  rotateKeysFamily,
  "Replace the key shares, with a token",
  "Makes a new key and splits it into new shares; the old ones stop working. It needs a token with update and sudo on " +
    "sys/rotate/root/* or sys/rotate/recovery/*.",
);
