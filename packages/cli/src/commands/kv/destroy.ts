// SPDX-License-Identifier: Apache-2.0
import { versionsCommand } from "../../kv/versions-command.ts";

export const kvDestroy = versionsCommand({
  area: "destroy",
  synopsis: "Remove versions of a secret for good",
  description: "KV 2: removes the data of versions for good.",
});
