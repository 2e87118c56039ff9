// SPDX-License-Identifier: Apache-2.0
/** Where the key is: what is configured, else what the surroundings tell. */
import { KMSClient } from "@aws-sdk/client-kms";
import type { SealEnvironment } from "@sealwright/seal";
import type { Settings } from "./config.ts";
import { regionAssumed } from "./errors.ts";
import { isRegionName, regionIn } from "./key-id.ts";

/** As in Vault and OpenBao. */
const ASSUMED = "us-east-1";

/** The SDK's own search: the shared configuration's profile, then the metadata service of the EC2 instance. */
async function fromSurroundings(profile: string | undefined): Promise<string | undefined> {
  const client = new KMSClient(profile === undefined ? {} : { profile });
  try {
    const region = await client.config.region();
    return isRegionName(region) ? region : undefined;
  } catch {
    return undefined;
  } finally {
    client.destroy();
  }
}

/**
 * The region for `settings`, looked for when it is first asked for: the settings', that of a key given by its ARN, what
 * the surroundings tell, else us-east-1, which is logged once and not kept, since an instance's service may come up
 * later. Never rejects.
 */
export function regionOf({ region, key, credentials }: Settings, env: SealEnvironment): () => Promise<string> {
  let known = region ?? (key === undefined ? undefined : regionIn(key));
  let warned = false;
  return async () => {
    known ??= await fromSurroundings(credentials.profile);
    if (known !== undefined) return known;
    if (!warned) env.log("warn", regionAssumed(ASSUMED));
    warned = true;
    return ASSUMED;
  };
}
