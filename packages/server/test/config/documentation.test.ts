// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ignoredTable, sections, settingsTable } from "../../src/config/documentation.ts";
import { loadFrom } from "./load-from.ts";

const page = readFileSync(new URL("../../../../docs/configuration.md", import.meta.url), "utf8");

describe("docs/configuration.md", () => {
  it.each(Object.entries(sections))("has the tables of %s as the declarations make them", (_name, section) => {
    expect(page).toContain(settingsTable(section));
    expect(page).toContain(ignoredTable(section));
  });

  it("names no key twice in a section, as setting and as ignored", () => {
    for (const { settings, ignored, blocks } of Object.values(sections)) {
      const keys = [...Object.keys(settings), ...Object.keys(ignored), ...blocks];
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it.each(["hcl", "json"])("has an example in %s that can be read", (language) => {
    const example = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)?.[1] ?? "";
    const { config, warnings } = loadFrom({ [`example.${language}`]: example });
    expect(config).toMatchObject({
      storage: { type: "lmdb" },
      seal: [{ type: "static" }],
      listener: [{ tls_disable: true }],
    });
    expect(warnings).toEqual([]);
  });
});
