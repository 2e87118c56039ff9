// SPDX-License-Identifier: Apache-2.0
/** Key/value version 1: the JSON object is stored as the text received, so that numbers stay exact. */
import type { Barrier } from "@sealwright/core";
import type { ApiRequest, ApiResponse } from "../http/api.ts";
import { HttpError, routerError } from "../http/problem.ts";
import { dataResponse, envelope, noContent } from "../http/respond.ts";
import { encodeEntryPath, listEntries } from "./entry-path.ts";
import { readMembers } from "./json-text.ts";

/** Seconds: Vault's default lease, which version 1 shows and nothing enforces. */
const LEASE_DURATION = 2_764_800;

/** Where the entries of a version 1 mount stand, below its data. */
export function kv1Prefix(prefix: string): string {
  return `${prefix}entries/`;
}

function isKey(key: string): boolean {
  return key !== "" && !key.endsWith("/");
}

function checkKey(key: string): void {
  if (!isKey(key)) throw new HttpError(400, "the path of a secret must not be empty or end in /");
}

/** Whether there is an entry for `key`, a path below the mount whose data begins at `prefix`. */
export async function kv1Exists(barrier: Barrier, prefix: string, key: string): Promise<boolean> {
  return isKey(key) && (await barrier.get(kv1Prefix(prefix) + encodeEntryPath(key))) !== undefined;
}

/** Answers a request for `key`, a path below the mount whose data begins at `prefix`. */
export async function serveKv1(
  barrier: Barrier,
  prefix: string,
  key: string,
  request: ApiRequest,
): Promise<ApiResponse> {
  const entries = kv1Prefix(prefix);
  switch (request.method) {
    case "GET": {
      const value = isKey(key) ? await barrier.get(entries + encodeEntryPath(key)) : undefined;
      if (value === undefined) throw new HttpError(404);
      return envelope(value.toString("utf8"), { leaseDuration: LEASE_DURATION });
    }
    case "LIST": {
      const folder = key === "" || key.endsWith("/") ? key : `${key}/`;
      const keys = await listEntries(barrier, entries + encodeEntryPath(folder));
      if (keys.length === 0) throw new HttpError(404);
      return dataResponse({ keys });
    }
    case "PUT":
    case "POST":
      checkKey(key);
      if (readMembers(request.text).size === 0) throw new HttpError(400, "missing data fields");
      await barrier.put(entries + encodeEntryPath(key), Buffer.from(request.text.trim(), "utf8"));
      return noContent();
    case "DELETE":
      checkKey(key);
      await barrier.delete(entries + encodeEntryPath(key));
      return noContent();
    default:
      throw routerError(405, "unsupported operation");
  }
}
