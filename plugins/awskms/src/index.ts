// SPDX-License-Identifier: Apache-2.0
/** The AWS KMS seal: a symmetric key of AWS Key Management Service. */
import { type AutoSealPlugin, loadSdk } from "@sealwright/seal";
import { fields, settingsOf } from "./config.ts";
import { openAwsKmsSeal } from "./seal.ts";

const PACKAGES = ["@aws-sdk/client-kms", "@aws-sdk/credential-providers"];

/** What the composition root registers. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "awskms",
  config: fields,
  sdkSecrets: ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"],
  async open(config, env) {
    const settings = settingsOf(config, env);
    const { openKms } = await loadSdk("awskms", PACKAGES, () => import("./kms.ts"));
    return openAwsKmsSeal(openKms(settings, env), settings);
  },
};
