// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "./support/fake-io.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/seal-plugin", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-plugin-new-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = (name: string, dir = "made") => cli(["plugin", "new", `-dir=${join(folder, dir)}`, name]);

/** The files below `root` that are kept, with their texts. */
function textsIn(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const paths = files.map((each) => join(each.parentPath, each.name).slice(root.length + 1));
  const kept = paths.filter((path) => !/^(node_modules|dist)\//.test(path));
  return Object.fromEntries(kept.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

describe("plugin new", () => {
  it("writes the four source files, the tests, a README and what a package needs, and tells which", async () => {
    const { code, stdout } = await make("acme");
    expect(code).toBe(0);
    const texts = textsIn(join(folder, "made"));
    const wanted = [
      ...["src/config.ts", "src/errors.ts", "src/seal.ts", "src/index.ts"],
      ...["test/conformance.test.ts", "README.md", "package.json", "tsconfig.json"],
    ];
    expect(Object.keys(texts)).toEqual(expect.arrayContaining(wanted));
    for (const file of Object.keys(texts)) expect(stdout).toContain(join(folder, "made", file));
  });

  it("calls the seal by its name everywhere, and leaves nothing of the template's", async () => {
    await make("big-kms");
    const texts = textsIn(join(folder, "made"));
    expect(Object.values(texts).join("")).not.toMatch(/toykms|TOYKMS/);
    expect(texts["src/index.ts"]).toContain('type: "big-kms"');
    expect(texts["src/config.ts"]).toContain("BIG_KMS_TOKEN");
    expect(JSON.parse(texts["package.json"] ?? "")).toMatchObject({ name: "sealwright-seal-big-kms" });
  });

  it("writes examples/seal-plugin, byte for byte, where the name is the example's", async () => {
    await make("toykms");
    expect(textsIn(join(folder, "made"))).toEqual(textsIn(EXAMPLE));
  });

  it("makes a folder of the seal's name unless another one is given", async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect((await cli(["plugin", "new", "acme"])).code).toBe(0);
    } finally {
      process.chdir(before);
    }
    expect(readdirSync(folder)).toEqual(["acme"]);
  });

  it.each(["", "Acme", "ac me", "../acme", "acme/x", "9lives", "acme-", "a--b", "acme_kms", "x".repeat(51)])(
    "refuses the name %j, and writes nothing",
    async (name) => {
      const { code, stderr } = await make(name);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("is no name for a seal") });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.each(["shamir", "static", "pkcs11", "transit"])("refuses the name %s of a seal that there is", async (name) => {
    const { code, stderr } = await make(name);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`The ${name} seal comes with`) });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a folder that is there, empty or not, and leaves it as it is", async () => {
    mkdirSync(join(folder, "made"));
    expect(await make("acme")).toMatchObject({ code: 1, stderr: expect.stringContaining("is there already") });
    writeFileSync(join(folder, "made", "mine.txt"), "mine");
    expect((await make("acme")).code).toBe(1);
    expect(textsIn(join(folder, "made"))).toEqual({ "mine.txt": "mine" });
  });

  it("refuses a file in the folder's place, and a folder in one that is not there", async () => {
    writeFileSync(join(folder, "made"), "mine");
    expect((await make("acme")).code).toBe(1);
    expect(readFileSync(join(folder, "made"), "utf8")).toBe("mine");
    const { code, stderr } = await make("acme", "nowhere/made");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("cannot be made") });
  });

  it("refuses to be called without a name, or with two", async () => {
    expect(await cli(["plugin", "new"])).toMatchObject({ code: 1, stderr: expect.stringContaining("Not enough") });
    expect(await cli(["plugin", "new", "a", "b"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Too many"),
    });
  });
});
