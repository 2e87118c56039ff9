// SPDX-License-Identifier: Apache-2.0
/** `config`: what holds for all keys of a mount. */
import * as z from "zod";
import type { ApiResponse } from "../../http/api.ts";
import { readFields } from "../../http/body.ts";
import { dataResponse, noContent } from "../../http/respond.ts";
import { bool, durationText, signedDuration, versionCount } from "../fields.ts";
import type { Kv2Request } from "./context.ts";

/** What a write may set. */
export const configBody = z.object({
  max_versions: versionCount.optional(),
  cas_required: bool.optional(),
  delete_version_after: signedDuration.optional(),
  metadata_cas_required: bool.optional(),
});

/** Answers the mount's configuration. */
export async function readConfig({ keys }: Kv2Request): Promise<ApiResponse> {
  const config = await keys.config();
  return dataResponse({ ...config, delete_version_after: durationText(config.delete_version_after) });
}

/** Changes the mount's configuration. */
export async function writeConfig(call: Kv2Request): Promise<ApiResponse> {
  const fields = readFields(call.request.text, configBody);
  return call.alone(async () => {
    const before = await call.keys.config();
    await call.keys.putConfig({
      max_versions: fields.max_versions ?? before.max_versions,
      cas_required: fields.cas_required ?? before.cas_required,
      delete_version_after: fields.delete_version_after ?? before.delete_version_after,
      metadata_cas_required: fields.metadata_cas_required ?? before.metadata_cas_required,
    });
    return noContent();
  });
}
