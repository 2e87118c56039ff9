// SPDX-License-Identifier: Apache-2.0
import { rekeyCommand } from "../../rekey/command.ts";
import { rekeyFamily } from "../../rekey/family.ts";

export const operatorRekey = rekeyCommand(
  rekeyFamily,
  "Replace the key shares, without a token",
  "Makes a new key and splits it into new shares; the old ones stop working.",
);
