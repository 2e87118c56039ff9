// SPDX-License-Identifier: Apache-2.0
import { type Endpoint, operation } from "../http/api.ts";
import { HttpError, SEALED_MESSAGE } from "../http/problem.ts";
import { plain } from "../http/respond.ts";
import type { MountTable } from "../mounts/mount-table.ts";
import { servedPaths } from "../mounts/served-paths.ts";
import { openApiDocument } from "../openapi/document.ts";
import type { MountVisibility } from "./ui-mounts.ts";

/** What the description of the API needs. */
export interface OpenApiDeps {
  /** All that is served beside it. */
  readonly endpoints: readonly Endpoint[];
  readonly table: MountTable;
  readonly visibility: MountVisibility;
  readonly sealed: () => boolean;
}

/**
 * `sys/internal/specs/openapi`: what this server serves. Open, as in Vault: the server's own paths are no secret; of the
 * mounts it shows those that the token can do something with, and those that are shown to everybody.
 */
export function openApiEndpoints({ endpoints, table, visibility, sealed }: OpenApiDeps): Endpoint[] {
  const read = operation("This description, as OpenAPI 3.1", async ({ request }) => {
    if (sealed()) throw new HttpError(503, SEALED_MESSAGE);
    const visible = await visibility(request);
    const { mounts } = await table.read();
    const shown = mounts.filter(({ path, config }) => config.listing_visibility === "unauth" || visible(path));
    return plain(openApiDocument([...endpoints, ...own, ...shown.flatMap(servedPaths)]));
  });
  const own: Endpoint[] = [{ path: "sys/internal/specs/openapi", access: "open", operations: { GET: read } }];
  return own;
}
