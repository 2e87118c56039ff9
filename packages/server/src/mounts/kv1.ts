// SPDX-License-Identifier: Apache-2.0
/** Key/value version 1: the JSON object is stored as the text received, so that numbers stay exact. */
import type { Barrier } from "@sealwright/core";
import type { ApiRequest, ApiResponse } from "../http/api.ts";
import { parseObject } from "../http/body.ts";
import { HttpError, routerError } from "../http/problem.ts";
import { dataResponse, envelope, noContent } from "../http/respond.ts";
import { encodeEntryPath, listEntries } from "./entry-path.ts";

/** Seconds: Vault's default lease, which version 1 shows and nothing enforces. */
const LEASE_DURATION = 2_764_800;

function checkKey(key: string): void {
  if (key === "" || key.endsWith("/")) throw new HttpError(400, "the path of a secret must not be empty or end in /");
}

/** Answers a request for `key`, a path below the mount whose data begins at `prefix`. */
export async function serveKv1(
  barrier: Barrier,
  prefix: string,
  key: string,
  request: ApiRequest,
): Promise<ApiResponse> {
  switch (request.method) {
    case "GET": {
      const value = key === "" || key.endsWith("/") ? undefined : await barrier.get(prefix + encodeEntryPath(key));
      if (value === undefined) throw new HttpError(404);
      return envelope(value.toString("utf8"), { leaseDuration: LEASE_DURATION });
    }
    case "LIST": {
      const folder = key === "" || key.endsWith("/") ? key : `${key}/`;
      const keys = await listEntries(barrier, prefix + encodeEntryPath(folder));
      if (keys.length === 0) throw new HttpError(404);
      return dataResponse({ keys });
    }
    case "PUT":
    case "POST":
      checkKey(key);
      if (Object.keys(parseObject(request.text)).length === 0) throw new HttpError(400, "missing data fields");
      await barrier.put(prefix + encodeEntryPath(key), Buffer.from(request.text.trim(), "utf8"));
      return noContent();
    case "DELETE":
      checkKey(key);
      await barrier.delete(prefix + encodeEntryPath(key));
      return noContent();
    default:
      throw routerError(405, "unsupported operation");
  }
}
