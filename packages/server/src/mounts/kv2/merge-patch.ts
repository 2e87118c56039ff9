// SPDX-License-Identifier: Apache-2.0
/** JSON merge patch (RFC 7386) on texts: what the patch does not name stays as it was written. */
import { type JsonText, objectText } from "../json-text.ts";

/** `target` as `patch` changes it, as text. */
export function mergePatch(target: JsonText | undefined, patch: JsonText): string {
  if (patch.members === undefined) return patch.text;
  const merged = new Map([...(target?.members ?? [])].map(([name, value]) => [name, value.text]));
  for (const [name, value] of patch.members) {
    if (value.text === "null") merged.delete(name);
    else merged.set(name, mergePatch(target?.members?.get(name), value));
  }
  return objectText(merged);
}
