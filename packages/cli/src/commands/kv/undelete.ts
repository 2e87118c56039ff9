// SPDX-License-Identifier: Apache-2.0
import { versionsCommand } from "../../kv/versions-command.ts";

export const kvUndelete = versionsCommand({
  area: "undelete",
  synopsis: "Bring deleted versions of a secret back",
  description: "KV 2: brings deleted versions back, unless they were destroyed.",
});
