// SPDX-License-Identifier: Apache-2.0
/** The package of a seal that `plugin new` writes: examples/seal-plugin with another name. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What the seal of the template is called, in its files. */
export const TEMPLATE_NAME = "toykms";

/** What commands leave in the template's folder. */
const MADE = ["node_modules", "dist"];

/** The folder of the template: beside the bundle, or in a checkout. */
function templateFolder(): string {
  const places = ["./plugin-template", "../../../../examples/seal-plugin"];
  const folders = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = folders.find((folder) => existsSync(join(folder, "package.json")));
  if (found === undefined) throw new Error(`there is no template at ${folders.join(" or ")}`);
  return found;
}

/** How `name` is written in the names of environment variables. */
function variableName(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}

function renamed(text: string, name: string): string {
  return text.replaceAll(TEMPLATE_NAME, name).replaceAll(variableName(TEMPLATE_NAME), variableName(name));
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const paths = files.map((file) => relative(folder, file));
  return paths.filter((path) => !MADE.some((made) => path.startsWith(`${made}/`))).sort();
}

/**
 * Writes the package of a seal called `name` into `folder`, which must not be there; answers the files, relative to it.
 * Rejects with the system's error, and leaves nothing behind then.
 */
export async function writePackage(folder: string, name: string): Promise<string[]> {
  const template = templateFolder();
  const files = await filesIn(template);
  await mkdir(folder);
  try {
    for (const file of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), renamed(await readFile(join(template, file), "utf8"), name));
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return files;
}
