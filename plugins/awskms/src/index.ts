// SPDX-License-Identifier: Apache-2.0
/** The AWS KMS seal: a symmetric key of AWS Key Management Service. */
import type { AutoSealPlugin } from "@sealwright/seal";
import { fields, settingsOf } from "./config.ts";
import { nameOf, sdkMissing } from "./errors.ts";
import { openAwsKmsSeal } from "./seal.ts";

/** What the composition root registers. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "awskms",
  config: fields,
  sdkSecrets: ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"],
  async open(config, env) {
    const settings = settingsOf(config, env);
    // The SDK takes a tenth of a second and several megabytes: only a server with this seal pays for it.
    const { openKms } = await import("./kms.ts").catch((cause: unknown) => {
      throw sdkMissing(cause);
    });
    const name = nameOf(settings.key, settings.region, settings.endpoint);
    return openAwsKmsSeal(openKms(settings, env), settings.key, name);
  },
};
