// SPDX-License-Identifier: Apache-2.0
/** `sys/internal/ui/mounts`: the mounts that a token can do something with. Vault's `kv` commands ask it first. */
import { type ApiRequest, type Endpoint, operation } from "../http/api.ts";
import { HttpError, SEALED_MESSAGE } from "../http/problem.ts";
import { dataResponse } from "../http/respond.ts";
import type { Mount } from "../mounts/mount.ts";
import type { MountTable } from "../mounts/mount-table.ts";
import { mountView, SYSTEM_ROW, TOKEN_ROW } from "../mounts/mount-view.ts";

/** For a request's token: whether its policies grant anything at or below a mount's path. Nothing without a token. */
export type MountVisibility = (request: ApiRequest) => Promise<(mountPath: string) => boolean>;

/** What the look-up of mounts needs. */
export interface UiMountsDeps {
  readonly table: MountTable;
  readonly visibility: MountVisibility;
  readonly sealed: () => boolean;
}

function rowsOf(mounts: readonly Mount[]): (readonly [string, object])[] {
  return [["sys/", SYSTEM_ROW], ...mounts.map((mount) => [mount.path, mountView(mount)] as const)];
}

/** `sys/internal/ui/mounts`. */
export function uiMountsEndpoints({ table, visibility, sealed }: UiMountsDeps): Endpoint[] {
  const visibleTo = (request: ApiRequest): ReturnType<MountVisibility> => {
    // Open to requests without a token, so nobody else asks whether the server is sealed.
    if (sealed()) throw new HttpError(503, SEALED_MESSAGE);
    return visibility(request);
  };
  const list = operation("The mounts that the token can see", async ({ request }) => {
    const visible = await visibleTo(request);
    const { mounts } = await table.read();
    const shown = new Set(mounts.filter((each) => each.config.listing_visibility === "unauth").map(({ path }) => path));
    const secret = rowsOf(mounts).filter(([path]) => visible(path) || shown.has(path));
    const auth = visible("auth/token/") ? { "token/": TOKEN_ROW } : {};
    return dataResponse({ auth, secret: Object.fromEntries(secret) });
  });
  const read = operation("The mount that a path is in", async ({ request, rest }) => {
    const visible = await visibleTo(request);
    const path = rest.endsWith("/") ? rest : `${rest}/`;
    const { mounts } = await table.read();
    const found = rowsOf(mounts).find(([mount]) => path.startsWith(mount));
    if (found === undefined || !visible(found[0])) {
      const sentence = "preflight capability check returned 403, please ensure client's policies grant access to path";
      throw new HttpError(403, `${sentence} ${JSON.stringify(path)}`);
    }
    return dataResponse({ ...found[1], path: found[0] });
  });
  return [
    { path: "sys/internal/ui/mounts", access: "open", operations: { GET: list } },
    { path: "sys/internal/ui/mounts/*", access: "open", operations: { GET: read } },
  ];
}
