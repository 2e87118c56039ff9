// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/index.ts";
import { MINIMUM, refusal } from "./load-from.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-config-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("loading", () => {
  it("reads a file, whatever its name", () => {
    const path = write("server.conf", MINIMUM);
    const { config } = loadConfig([path], {});
    expect(config.origins.get("listener.0.tls_disable")).toMatchObject({ from: "file", file: path, line: 1 });
  });

  it("reads a folder's .hcl and .json files by name, and nothing else of it", () => {
    write("20.json", '{"log_level": "debug"}');
    write("10.hcl", `${MINIMUM}log_level = "warn"`);
    write("README.md", "not { configuration");
    write(".#10.hcl", "an editor's lock");
    write("10.hcl~", "an editor's backup");
    mkdirSync(join(folder, "sub.hcl"));
    expect(loadConfig([folder], {}).config.log_level).toBe("debug");
  });

  it("reads several paths in their order", () => {
    const first = write("b.hcl", `${MINIMUM}log_level = "warn"`);
    const second = write("a.hcl", 'log_level = "error"');
    expect(loadConfig([first, second], {}).config.log_level).toBe("error");
    expect(loadConfig([second, first], {}).config.log_level).toBe("warn");
  });

  it("reads a file once even if it is given twice", () => {
    const path = write("a.hcl", MINIMUM);
    expect(loadConfig([path, folder, path], {}).config.listener).toHaveLength(1);
  });

  it("refuses no path at all", () => {
    expect(refusal(() => loadConfig([], {}))).toBe(
      "no configuration is given: name a file or folder with -config=PATH",
    );
  });

  it("refuses a path where nothing is", () => {
    const path = join(folder, "none.hcl");
    expect(refusal(() => loadConfig([path], {}))).toBe(
      `cannot read the configuration ${path}: there is no such file or folder`,
    );
  });

  it("refuses a path through a file", () => {
    const path = join(write("a.hcl", MINIMUM), "b.hcl");
    expect(refusal(() => loadConfig([path], {}))).toContain("a part of the path is not a folder");
  });

  it("refuses a folder without configuration", () => {
    write("README.md", "");
    expect(refusal(() => loadConfig([folder], {}))).toBe(`the folder ${folder} has no .hcl or .json file`);
  });

  it("refuses bytes that are not UTF-8, with their place", () => {
    const path = write("a.hcl", Buffer.from(`${MINIMUM}pid_file = "\xe9"`, "latin1"));
    expect(refusal(() => loadConfig([path], {}))).toBe(
      `${path}:2:13: found bytes that are not UTF-8, expected UTF-8 text`,
    );
  });

  it("names the file, line and column of a syntax error", () => {
    const path = write("a.json", '{\n  "log_level" "info"\n}');
    expect(refusal(() => loadConfig([path], {}))).toBe(
      `${path}:2:15: found a text in quotes, expected : after the key`,
    );
  });
});
