// SPDX-License-Identifier: Apache-2.0
/** Where the child process and the plugins that run in it stand: beside the bundle, or as packages when run from source. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PACKAGE = /^@sealwright\/(plugin-[a-z0-9]+)$/;

function beside(file: string): string | undefined {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return existsSync(path) ? path : undefined;
}

/** What the child imports for the plugin package `name`: a file URL of its bundle, else the package itself. */
export function childModule(name: string): string {
  const bundle = PACKAGE.exec(name)?.[1];
  const path = bundle === undefined ? undefined : beside(`./${bundle}.mjs`);
  return path === undefined ? name : new URL(`file://${path}`).href;
}

/** The child's bundle, where there is one. */
export function childPath(): { childPath?: string } {
  const path = beside("./seal-child.mjs");
  return path === undefined ? {} : { childPath: path };
}
