// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { importPlugin } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const FIT = 'export const plugin = { kind: "auto", type: "acme", config: {}, open: async () => undefined };\n';
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-module-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A module with this text, as what is imported. */
function moduleWith(text: string): { specifier: string } {
  const file = join(folder, "acme.mjs");
  writeFileSync(file, text);
  return { specifier: pathToFileURL(file).href };
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("a plugin's module", () => {
  it("gives its plugin", async () => {
    expect(await importPlugin(moduleWith(FIT))).toMatchObject({ kind: "auto", type: "acme" });
  });

  it("of the expected digest gives its plugin", async () => {
    expect(await importPlugin({ ...moduleWith(FIT), sha256: digestOf(FIT) })).toMatchObject({ type: "acme" });
  });

  it("of another digest is SEAL_PLUGIN_UNAVAILABLE, names both, and runs nothing of it", async () => {
    const trace = join(folder, "ran");
    const text = `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(trace)}, "");\n${FIT}`;
    const loading = importPlugin({ ...moduleWith(text), sha256: digestOf(FIT) });
    const { message } = await rejectsWithCode(loading, "SEAL_PLUGIN_UNAVAILABLE");
    expect(message).toContain(digestOf(text));
    expect(message).toContain(digestOf(FIT));
    expect(existsSync(trace)).toBe(false);
  });

  it.each([
    ["that is not there", undefined],
    ["with a digest that is not there", digestOf(FIT)],
  ])("%s is SEAL_PLUGIN_UNAVAILABLE, naming the file", async (_what, sha256) => {
    const file = join(folder, "nowhere.mjs");
    const missing = { specifier: pathToFileURL(file).href, ...(sha256 === undefined ? {} : { sha256 }) };
    expect((await rejectsWithCode(importPlugin(missing), "SEAL_PLUGIN_UNAVAILABLE")).message).toContain(file);
  });

  it.each([
    ["with a mistake in its syntax", "export const plugin = {", "cannot be loaded: "],
    ["that throws", 'throw new TypeError("no such device");', "cannot be loaded: it fails (no such device)"],
    ["that throws a text", 'throw "no such device";', "cannot be loaded: it fails (no such device)"],
    ["that imports what is not there", 'import "./not-there.mjs";', "cannot be loaded: "],
    ["without exports", "const plugin = 1;", "it must be an object, and is missing"],
    ["with a default export only", FIT.replace("const plugin =", "default"), "it must be an object, and is missing"],
    ["with something else as plugin", "export const plugin = 1;", "it must be an object, and is a number"],
    ["with half a plugin", 'export const plugin = { kind: "auto", type: "acme" };', "config must be an object"],
  ])("%s is SEAL_PLUGIN_UNAVAILABLE and told in one line", async (_what, text, says) => {
    const { message } = await rejectsWithCode(importPlugin(moduleWith(text)), "SEAL_PLUGIN_UNAVAILABLE");
    expect(message).toContain(join(folder, "acme.mjs"));
    expect(message).toContain(says);
    expect(message).not.toContain("\n");
  });

  it("of which a digest is given must be a file", async () => {
    await expect(importPlugin({ specifier: "@sealwright/seal", sha256: digestOf(FIT) })).rejects.toThrow(TypeError);
  });

  it("by the name of a package that is not there is SEAL_PLUGIN_UNAVAILABLE", async () => {
    await rejectsWithCode(importPlugin({ specifier: "@sealwright/not-there" }), "SEAL_PLUGIN_UNAVAILABLE");
  });
});
