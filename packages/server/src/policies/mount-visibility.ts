// SPDX-License-Identifier: Apache-2.0
/** Which mounts a token's policies let it see: those in which they grant anything at all. */
import type { Acl } from "./acl.ts";
import { type CapabilitySet, includes } from "./capability.ts";
import { type Pattern, parsePattern } from "./pattern.ts";

/** Whether `pattern` can match the mount's own path or anything below it. */
function reaches({ segments, isPrefix }: Pattern, mount: readonly string[]): boolean {
  const last = segments.length - 1;
  for (const [index, name] of mount.entries()) {
    const segment = segments[index];
    if (segment === undefined) return false;
    if (isPrefix && index === last) return name.startsWith(segment) || segment === "+";
    if (segment !== "+" && segment !== name) return false;
  }
  return true;
}

/** Whether `acl` grants anything at or below `mountPath`, which ends in `/`. */
export function grantsWithin(acl: Acl, mountPath: string): boolean {
  const mount = mountPath.slice(0, -1).split("/");
  const { exact, globs } = acl.describe();
  const grants = (path: string, capabilities: CapabilitySet): boolean => {
    const pattern = parsePattern(path);
    return (
      capabilities !== 0 && !includes(capabilities, "deny") && typeof pattern !== "string" && reaches(pattern, mount)
    );
  };
  // A pattern without `+` is described without the `*` at its end.
  const asWritten = (path: string): string => (path.split("/").includes("+") ? path : `${path}*`);
  return (
    exact.some(([path, capabilities]) => grants(path, capabilities)) ||
    globs.some(([path, capabilities]) => grants(asWritten(path), capabilities))
  );
}
