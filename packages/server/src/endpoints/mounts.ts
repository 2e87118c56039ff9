// SPDX-License-Identifier: Apache-2.0
/** `sys/mounts`: which engines are mounted where. */
import type { SealedStore } from "@sealwright/core";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { dataResponse, mergedResponse, noContent } from "../http/respond.ts";
import { kvVersion, type Mount } from "../mounts/mount.ts";
import type { MountChanges } from "../mounts/mount-changes.ts";
import { mountPath } from "../mounts/mount-path.ts";
import type { MountTable } from "../mounts/mount-table.ts";
import { mountView, SYSTEM_ROW } from "../mounts/mount-view.ts";
import { applyConfig, mountBody, newConfig, newEngine, tuneBody, tunedOptions } from "./mount-fields.ts";

/** Seconds: the lease durations of a mount that has none of its own. */
const SYSTEM_LEASE = 2_764_800;

/** What the mount endpoints need. */
export interface MountsDeps {
  readonly table: MountTable;
  readonly changes: MountChanges;
  readonly store: Pick<SealedStore, "autoSealed">;
}

/** What `seal_wrap` does not do. */
function sealWrapWarnings(wanted: boolean, { autoSealed }: MountsDeps["store"]): string[] {
  if (!wanted) return [];
  return autoSealed
    ? ["seal_wrap is kept with the mount. What is stored in it is not seal-wrapped yet: the keyring above it is."]
    : ["seal_wrap is kept with the mount and does nothing: this server has no auto seal."];
}

function tuneView({ config, description, options }: Mount): object {
  return {
    ...config,
    default_lease_ttl: config.default_lease_ttl || SYSTEM_LEASE,
    max_lease_ttl: config.max_lease_ttl || SYSTEM_LEASE,
    description,
    ...(options === null ? {} : { options }),
  };
}

function upgradeWarnings(before: Mount, after: Mount): string[] {
  if (kvVersion(before) === kvVersion(after)) return [];
  return ["Upgraded the mount from version 1 to version 2. What was stored before is version 1 of its key."];
}

/** `sys/mounts` and `sys/remount`. */
export function mountsEndpoints({ table, changes, store }: MountsDeps): Endpoint[] {
  const at = async (path: string): Promise<Mount> => {
    const found = (await table.read()).mounts.find((each) => each.path === path);
    if (found === undefined) throw new HttpError(400, `No secret engine mount at ${path}`);
    return found;
  };
  const list = operation("Every mount by its path", async () => {
    const { mounts } = await table.read();
    const rows = mounts.map((mount) => [mount.path, mountView(mount)] as const);
    return mergedResponse({ "sys/": SYSTEM_ROW, ...Object.fromEntries(rows) });
  });
  const read = operation("One mount", async ({ rest }) => {
    const path = mountPath(rest);
    return mergedResponse(path === "sys/" ? SYSTEM_ROW : mountView(await at(path)));
  });
  const enable = operationWith("Mount an engine", mountBody, async ({ rest, fields }) => {
    const { type, description, config, options, local, seal_wrap, external_entropy_access } = fields;
    await changes.mount({
      path: mountPath(rest),
      ...newEngine(type, options),
      description,
      config: newConfig(config),
      local,
      seal_wrap,
      external_entropy_access,
    });
    const warnings = sealWrapWarnings(seal_wrap, store);
    return warnings.length === 0 ? noContent() : dataResponse(null, { warnings });
  });
  const disable = operation("Unmount an engine and remove its data", async ({ rest }) => {
    await changes.unmount(mountPath(rest));
    return noContent();
  });
  const readTuning = operation("The settings of a mount", async ({ rest }) =>
    mergedResponse(tuneView(await at(mountPath(rest)))),
  );
  const tune = operationWith("Change the settings of a mount", tuneBody, async ({ rest, fields }) => {
    const { description, options, ...config } = fields;
    let warnings: string[] = [];
    await changes.tune(mountPath(rest), (mount) => {
      const tuned: Mount = {
        ...mount,
        description: description ?? mount.description,
        options: tunedOptions(mount, options),
        config: applyConfig(mount.config, config),
      };
      warnings = upgradeWarnings(mount, tuned);
      return tuned;
    });
    return warnings.length === 0 ? noContent() : dataResponse(null, { warnings });
  });
  return [
    { path: "sys/mounts", access: "guarded", operations: { GET: list } },
    {
      path: "sys/mounts/*",
      access: "guarded",
      operations: { GET: read, ...onWrite(enable), DELETE: disable },
    },
    { path: "sys/mounts/*/tune", access: "guarded", operations: { GET: readTuning, ...onWrite(tune) } },
  ];
}
