// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { load, loadFrom, MINIMUM, refusal } from "./load-from.ts";

const DIGEST = "0123456789abcdef".repeat(4);
const read = (content: string) => load(content).config.plugin;

describe("the plugins", () => {
  it("are none where there is no block", () => {
    expect(read("")).toEqual([]);
  });

  it("have a type in lower case, a module, and the folder of the file that names them", () => {
    const { config } = loadFrom({ "/etc/sealwright/c.hcl": `${MINIMUM}plugin "ACME" {\n  module = "./acme.mjs"\n}` });
    expect(config.plugin).toEqual([
      {
        type: "acme",
        module: "./acme.mjs",
        folder: "/etc/sealwright",
        sha256: undefined,
        at: { file: "/etc/sealwright/c.hcl", line: 2, column: 8 },
      },
    ]);
    expect(config.origins.get("plugin.0.module")).toMatchObject({ from: "file", line: 3 });
  });

  it("may have a digest, in either case", () => {
    expect(read(`plugin "acme" { module = "@acme/seal" sha256 = "${DIGEST.toUpperCase()}" }`)).toMatchObject([
      { module: "@acme/seal", sha256: DIGEST, folder: resolve(".") },
    ]);
  });

  it("add up over the files", () => {
    const { config } = loadFrom({
      "a.hcl": `${MINIMUM}plugin "acme" { module = "./acme.mjs" }`,
      "b.json": '{ "plugin": { "other": { "module": "./other.mjs" } } }',
    });
    expect(config.plugin.map(({ type }) => type)).toEqual(["acme", "other"]);
  });

  it.each([
    ["no module", 'plugin "acme" {}', 'c.hcl:2:8: plugin "acme" needs a module: module = "./acme.mjs"'],
    ["an empty module", 'plugin "acme" { module = "" }', 'plugin "acme" needs a module'],
    ["a list for a module", 'plugin "acme" { module = ["a"] }', "module: expected a text in quotes"],
    ["a misspelt key", 'plugin "acme" { modul = "x" }', 'c.hcl:2:17: plugin "acme": unknown key "modul": did you mean'],
    ["a short digest", 'plugin "acme" { module = "x" sha256 = "abc" }', "expected a SHA-256 of 64 hexadecimal digits"],
    [
      "a digest that is no hexadecimal",
      `plugin "acme" { module = "x" sha256 = "${"g".repeat(64)}" }`,
      "expected a SHA-256 of 64 hexadecimal digits",
    ],
    ["a command", 'plugin "acme" { command = "bao-kms" }', "command: here a plugin is the JavaScript module of a seal"],
    ["an image", 'plugin "acme" { module = "x" image = "acme/kms" }', "image: here a plugin is the JavaScript module"],
    ["OpenBao's name for the digest", 'plugin "acme" { module = "x" sha256sum = "y" }', "not a program: give sha256"],
    [
      "OpenBao's two labels",
      'plugin "kms" "acme" { command = "x" }',
      'c.hcl:2:14: plugin "kms" "acme": here a plugin is the JavaScript module of a seal, not a program: give one label',
    ],
    ["no label", 'plugin { module = "x" }', "found a text, expected a block such as plugin"],
    ["a text for a block", 'plugin = "./acme.mjs"', "found a text, expected a block such as plugin"],
    ["a label that is no name", 'plugin "../acme" { module = "x" }', 'plugin "../acme": expected a name of letters'],
    ["an empty label", 'plugin "" { module = "x" }', 'plugin "": expected a name of letters'],
    [
      "two of one type",
      'plugin "acme" { module = "x" }\nplugin "Acme" { module = "y" }',
      'c.hcl:3:8: plugin "acme" is given twice: keep one of them',
    ],
  ])("are refused with %s", (_what, content, message) => {
    expect(refusal(() => read(content))).toContain(message);
  });
});
