// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { load, loadFrom, MINIMUM, refusal } from "./load-from.ts";

const SEAL = 'seal "static" {}\n';

describe("an audit block", () => {
  it.each([
    ["with path", 'audit "file" { path = "/a.log" }'],
    ["with Vault's file_path", 'audit "file" { file_path = "/a.log" }'],
    ["with a name", 'audit "file" "to-disk" { path = "/a.log" }'],
    ["with options, as OpenBao has it", 'audit "file" "to-disk" {\n  options {\n    file_path = "/a.log"\n  }\n}'],
    ["with options as a value", 'audit "file" { options = { file_path = "/a.log" } }'],
  ])("%s names the file", (_form, text) => {
    const { config, warnings } = load(SEAL + text);
    expect(config.audit).toEqual({ type: "file", path: "/a.log" });
    expect(warnings).toEqual([]);
  });

  it("may be JSON as OpenBao documents it", () => {
    const text = JSON.stringify({ audit: [{ file: { "to-disk": { options: { file_path: "/a.log" } } } }] });
    expect(loadFrom({ "a.hcl": MINIMUM + SEAL, "b.json": text }).config.audit).toEqual({
      type: "file",
      path: "/a.log",
    });
  });

  it("may be left out", () => {
    expect(load(SEAL).config.audit).toBeUndefined();
  });

  it("warns that secrets are never written, where log_raw asks for them", () => {
    const { warnings } = load(`${SEAL}audit "file" { path = "/a.log"\nlog_raw = true }`);
    expect(warnings.map(({ message }) => message)).toEqual([
      'audit "file": log_raw is accepted and has no effect: shares, tokens and keys are never written, raw or hashed',
    ]);
  });

  it.each([
    ["another type", 'audit "socket" { address = "127.0.0.1:1" }', 'audit "socket" is not supported: use audit "file"'],
    ["no path", 'audit "file" {}', 'audit "file" needs a path'],
    ["an empty path", 'audit "file" { path = "" }', 'audit "file" needs a path'],
    ["two paths", 'audit "file" { path = "/a"\nfile_path = "/b" }', "path and file_path are the same"],
    ["standard output", 'audit "file" { file_path = "stdout" }', "stdout cannot be read back"],
    ["the null device", 'audit "file" { path = "/dev/null" }', "/dev/null cannot be read back"],
    ["an unknown key", 'audit "file" { path = "/a"\npth = "/b" }', 'unknown key "pth": did you mean path?'],
    ["a text for a block", 'audit "file" "x" { options = "y" }', "expected a block such as options { … }"],
    ["a second file", 'audit "file" { path = "/a" }\naudit "file" "b" { path = "/b" }', "audit is given twice"],
    ["no type", 'audit { path = "/a" }', "expected a block"],
  ])("with %s is refused", (_what, text, message) => {
    expect(refusal(() => load(SEAL + text))).toContain(message);
  });
});
