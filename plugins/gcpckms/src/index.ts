// SPDX-License-Identifier: Apache-2.0
/** The Google Cloud KMS seal: a symmetric key of a key ring. */
import type { AutoSealPlugin } from "@sealwright/seal";
import { fields, settingsOf } from "./config.ts";
import { openKeyService } from "./kms.ts";
import { openCloudKmsSeal } from "./seal.ts";

/** What the composition root registers. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "gcpckms",
  config: fields,
  async open(config, env) {
    const settings = settingsOf(config, env);
    return openCloudKmsSeal(await openKeyService(settings), settings);
  },
};
