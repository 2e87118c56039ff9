// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../packages/server/src/config/index.ts";
import { SEAL_TYPES } from "../../packages/server/src/seals/registry.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function pages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pages(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const papers = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "localstack/README.md"].map((name) => join(root, name)),
  ...pages(join(root, "docs")),
];

describe("the project's papers", () => {
  it.each(papers)("%s links to nothing that is missing", (paper) => {
    const targets = [...readFileSync(paper, "utf8").matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? "",
    );
    const missing = targets.filter((target) => !existsSync(join(dirname(paper), target)));
    expect(missing).toEqual([]);
  });

  it.each(papers)("%s has no two versions of a passage left from a merge", (paper) => {
    const text = readFileSync(paper, "utf8");
    expect(text.match(/^(<<<<<<<|=======|>>>>>>>)( .*)?$/gm)).toBeNull();
    if (paper.endsWith("CHANGELOG.md")) return;
    const headings: readonly string[] = text.replace(/^```[\s\S]*?^```/gm, "").match(/^#+ .*$/gm) ?? [];
    expect(headings.filter((heading, index) => headings.indexOf(heading) !== index)).toEqual([]);
  });

  it("shows the embedded example in README as it runs in its test", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const code = readdirSync(join(root, "examples/embedded/src")).map((name) =>
      readFileSync(join(root, "examples/embedded/src", name), "utf8").replace(/^(\/\/.*\n)+/, ""),
    );
    expect(code.filter((text) => readme.includes(text))).toHaveLength(1);
  });

  it("lists every seal in README", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    expect(SEAL_TYPES.filter((type) => !readme.includes(`| \`${type}\` |`))).toEqual([]);
  });

  const examples = readdirSync(join(root, "examples/config")).map((name) => `examples/config/${name}`);
  it.each([...examples, "localstack/sealwright.hcl"])("%s is a configuration without warnings", (name) => {
    const { config, warnings } = loadConfig([join(root, name)], {});
    expect(warnings).toEqual([]);
    expect(config.listener[0]?.address).toEqual({ host: "127.0.0.1", port: 8200 });
  });
});
