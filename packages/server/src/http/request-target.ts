// SPDX-License-Identifier: Apache-2.0
/** From the target in a request line to the path that endpoints and policies know: one spelling for one path. */
import { HttpError } from "./problem.ts";

const API = "/v1/";
/** What is the same decoded: no escape, no dot that could be a `.` or `..` segment, nothing that must be refused. */
const PLAIN = /^[\w/~-]*$/;
const ORIGIN = /^https?:\/\/[^/?]*/i;
// A slash that is written otherwise would be one path to a proxy in front and another one here.
const ENCODED_SLASH = /%2f/i;
// Control characters in a path reach no storage and no log.
const FORBIDDEN = /\p{Cc}/u;

/** A request's target, its path still encoded. */
export interface Target {
  readonly path: string;
  /** What follows the first `?`; empty where there is none. */
  readonly search: string;
}

/** Takes a target apart. One with scheme and host, as proxies are sent, means the same as without. */
export function splitTarget(url: string): Target {
  const target = url.startsWith("/") ? url : url.replace(ORIGIN, "");
  const mark = target.indexOf("?");
  return mark === -1 ? { path: target, search: "" } : { path: target.slice(0, mark), search: target.slice(mark + 1) };
}

/** Where a path with empty segments should have gone, or undefined for one that has none. */
export function withoutEmptySegments(path: string): string | undefined {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : undefined;
}

/** The path below `/v1/`, decoded. Throws 404 for one that is not there, 400 for one that could mean something else too. */
export function decodePath(encoded: string): string {
  if (!encoded.startsWith(API)) throw new HttpError(404);
  const raw = encoded.slice(API.length);
  if (PLAIN.test(raw)) return raw;
  if (ENCODED_SLASH.test(raw)) throw new HttpError(400, "the path has an encoded slash: write / as it is");
  const path = decode(raw);
  if (FORBIDDEN.test(path)) throw new HttpError(400, "the path has a control character");
  if (path.split("/").some((segment) => segment === ".." || segment === ".")) {
    throw new HttpError(400, "the path has a . or .. segment");
  }
  return path;
}

function decode(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new HttpError(400, "the path is not valid percent-encoded UTF-8");
  }
}
