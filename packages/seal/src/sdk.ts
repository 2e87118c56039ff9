// SPDX-License-Identifier: Apache-2.0
import { SealError } from "./errors.ts";

/**
 * Loads what a seal needs of `packages`, the SDK of its service, by `load`, an `import()` of it or of the module that
 * imports it: only a server with this seal pays for it. `SEAL_PLUGIN_UNAVAILABLE` where it cannot be loaded.
 */
export async function loadSdk<Loaded>(
  seal: string,
  packages: readonly string[],
  load: () => Promise<Loaded>,
): Promise<Loaded> {
  try {
    return await load();
  } catch (cause) {
    const names = packages.join(" and ");
    throw new SealError("SEAL_PLUGIN_UNAVAILABLE", `the ${seal} seal needs ${names}, which cannot be loaded`, {
      cause,
      advice: `install what is missing: npm install ${packages.join(" ")}`,
    });
  }
}
