// SPDX-License-Identifier: Apache-2.0
/** docs/architecture.md says what may import what, and which file is for what: here it is held against the code. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** The rows of the table under `heading`, cell by cell. */
function tableUnder(heading: string): string[][] {
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

/** Our packages that the sources below `folder` name, `core` for `@sealwright/core`, `plugins` for any plugin. */
function importsOf(folder: string): Set<string> {
  const all = readdirSync(join(root, folder, "src"), { recursive: true, withFileTypes: true });
  const sources = all.filter((each) => each.isFile() && each.name.endsWith(".ts"));
  const found = sources.flatMap((each) => {
    const source = readFileSync(join(each.parentPath, each.name), "utf8");
    return [...source.matchAll(/(?:from |import\()"@sealwright\/([a-z0-9-]+)/g)].map((match) => match[1]!);
  });
  return new Set(found.map((name) => (name.startsWith("plugin-") ? "plugins" : name)));
}

const packages = tableUnder("Packages");

describe("the architecture document", () => {
  it("lists every package and every plugin", () => {
    const folders = ["packages", "plugins"].flatMap((parent) =>
      readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
    );
    expect(packages.flatMap(([name]) => quoted(name!)).sort()).toEqual(folders.sort());
  });

  it.each(packages.map(([name, , imports]) => [quoted(name!)[0]!, imports!] as const))(
    "says what %s imports: %s",
    (folder, imports) => {
      const allowed = [...quoted(imports), ...(imports.endsWith("plugins") ? ["plugins"] : [])];
      expect([...importsOf(folder)].sort()).toEqual(allowed.sort());
    },
  );

  it("names files of the core that are there", () => {
    const files = tableUnder("Inside the core").flatMap(([cell]) => quoted(cell!));
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => !existsSync(join(root, "packages/core/src", file)))).toEqual([]);
  });
});
