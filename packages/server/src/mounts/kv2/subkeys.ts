// SPDX-License-Identifier: Apache-2.0
/** `subkeys/<path>`: the names in a secret, without its values. */
import type { ApiResponse } from "../../http/api.ts";
import { integerParameter } from "../fields.ts";
import { type JsonText, objectText, readJsonText } from "../json-text.ts";
import type { Kv2Request } from "./context.ts";
import { versionResponse } from "./read-version.ts";

/** An object's names with null for what is no object, for empty objects, and for what is below `levels`. */
function namesOnly({ members }: JsonText, levels: number): string {
  if (members === undefined || members.size === 0 || levels === 0) return "null";
  return objectText([...members].map(([name, value]) => [name, namesOnly(value, levels - 1)] as const));
}

/** GET, of the current version or of `?version=`, down to `?depth=` levels, all for 0. */
export async function readSubkeys(call: Kv2Request): Promise<ApiResponse> {
  const depth = integerParameter(call.request.query, "depth");
  const levels = depth > 0 ? depth : Number.POSITIVE_INFINITY;
  return versionResponse(call, "subkeys", (text) => {
    const data = readJsonText(text);
    return data.members?.size === 0 ? "{}" : namesOnly(data, levels);
  });
}
