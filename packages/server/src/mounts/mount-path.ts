// SPDX-License-Identifier: Apache-2.0
/** Where something may be mounted. */
import { HttpError } from "../http/problem.ts";
import type { Mount } from "./mount.ts";

/** Paths that belong to the server, or to engines that Vault has there. */
const PROTECTED = ["audit/", "auth/", "cubbyhole/", "identity/", "sys/"];
const LONGEST = 255;
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

/** A mount's path from what a user wrote: no `/` in front, one at the end. Throws 400. */
export function mountPath(given: string): string {
  const trimmed = given.replace(/^\/+|\/+$/g, "");
  if (trimmed === "") throw new HttpError(400, "the path of a mount must be given");
  if (Buffer.byteLength(trimmed) > LONGEST) {
    throw new HttpError(400, `the path of a mount may have ${LONGEST} bytes, and this one is longer`);
  }
  if (FORBIDDEN.test(trimmed)) throw new HttpError(400, "the path of a mount must not have control characters");
  if (trimmed.split("/").some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw new HttpError(400, "the path of a mount must not have an empty, . or .. segment");
  }
  return `${trimmed}/`;
}

/** Throws 400 where `path` is or lies in what belongs to the server. `what` is what Vault says cannot be done. */
export function refuseProtected(path: string, what: string): void {
  if (PROTECTED.some((each) => path.startsWith(each))) throw new HttpError(400, `${what} ${JSON.stringify(path)}`);
}

/** The mount that `path` would be inside of, or that would be inside of it: mounts don't nest. */
export function conflicting(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.find((each) => path.startsWith(each.path) || each.path.startsWith(path));
}
