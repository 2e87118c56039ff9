// SPDX-License-Identifier: Apache-2.0
/** The offline commands on copies of directories that OpenBao wrote. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "./support/fake-io.ts";

const FIXTURES = fileURLToPath(new URL("../../../test/fixtures", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-cli-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Copies a fixture and writes a configuration for it. */
function prepare(kind: "shamir" | "static"): { config: string; shares: string[] } {
  cpSync(join(FIXTURES, kind), folder, { recursive: true });
  const config = join(folder, "server.hcl");
  const text = readFileSync(join(folder, "config.hcl"), "utf8").replaceAll("./", `${folder}/`);
  writeFileSync(config, text);
  const { current } = JSON.parse(readFileSync(join(folder, "fixture.json"), "utf8")) as {
    current: { keys_hex: string[] };
  };
  return { config, shares: current.keys_hex };
}

describe("storage adopt", () => {
  it("prints the token once, what it wrote, and that the engines of OpenBao are not served", async () => {
    const { config, shares } = prepare("shamir");
    const outcome = await cli(["storage", "adopt", `-config=${config}`, "-"], { stdin: shares.join("\n") });
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/^Root Token: s\.\w{24}$/m);
    expect(outcome.stdout).toContain("  sealwright/core/seal-configs\n");
    expect(outcome.stdout).toContain("is not served");
    expect(outcome.stderr.replace(/\s+/g, " ")).toContain("stays as it is, byte for byte");
  });

  it("prints JSON and nothing else on standard output when asked to", async () => {
    const { config, shares } = prepare("shamir");
    const keys = shares.slice(0, 2).map((share) => `-key=${share}`);
    const { stdout } = await cli(["storage", "adopt", "-format=json", `-config=${config}`, ...keys]);
    expect(JSON.parse(stdout)).toMatchObject({ root_token: expect.stringMatching(/^s\./), paths: expect.any(Array) });
  });

  it("asks for recovery keys by that name where a seal unseals", async () => {
    const { config, shares } = prepare("static");
    const { code, stderr } = await cli(["storage", "adopt", `-config=${config}`], { typed: shares });
    expect(code).toBe(0);
    expect(stderr).toContain("Recovery Key 1 of 2 (will be hidden): ");
    expect(stderr).not.toContain("Unseal Key");
  });

  it("says how to give shares where there is no terminal to ask at", async () => {
    const { config } = prepare("shamir");
    const { code, stderr } = await cli(["storage", "adopt", `-config=${config}`]);
    expect(code).toBe(1);
    expect(stderr.replace(/\s+/g, " ")).toContain("Give them on standard input, one per line, with - as an argument.");
  });

  it.each([
    ["too few shares", (shares: string[]) => shares.slice(0, 1), "needs 2 unseal key shares, and was given 1"],
    ["a share twice", (shares: string[]) => [shares[0]!, shares[0]!], "the same share was given twice"],
    [
      "shares of nobody",
      () => [`${"42".repeat(32)}07`, `${"43".repeat(32)}08`],
      "these shares do not open the storage",
    ],
    ["no share at all", () => ["hello!"], "a share is neither hex nor base64"],
  ])("with %s ends with 1 and repeats no share", async (_what, given, message) => {
    const { config, shares } = prepare("shamir");
    const stdin = given(shares).join("\n");
    const outcome = await cli(["storage", "adopt", `-config=${config}`, "-"], { stdin });
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(message);
    for (const share of given(shares)) expect(outcome.stderr).not.toContain(share);
  });

  it("the second time ends with 1 and says that there is nothing to adopt", async () => {
    const { config, shares } = prepare("shamir");
    const args = ["storage", "adopt", `-config=${config}`, "-"];
    await cli(args, { stdin: shares.join("\n") });
    const outcome = await cli(args, { stdin: shares.join("\n") });
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain("there is nothing to adopt");
  });

  it.each([
    ["without a configuration", ["storage", "adopt"], "No configuration"],
    ["with a share as an argument", ["storage", "adopt", "-config=x", "A2gRf0NL"], "Too many arguments"],
    ["with a configuration that is not there", ["storage", "adopt", "-config=/nowhere.hcl"], "there is no such file"],
  ])("%s ends with 1", async (_what, args, message) => {
    const outcome = await cli(args);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr).not.toContain("A2gRf0NL");
  });
});

describe("storage list, get and rotate", () => {
  it("work on a storage of OpenBao and leave it OpenBao's", async () => {
    const { config } = prepare("static");
    const list = await cli(["storage", "list", `-config=${config}`, "core/"]);
    expect(list.stdout.split("\n")).toContain("core/keyring");
    expect((await cli(["storage", "get", `-config=${config}`, "core/mounts"])).code).toBe(0);
    const rotated = await cli(["storage", "rotate", `-config=${config}`]);
    expect(rotated.stdout).toMatch(
      /^Success! Rotated key\n\nKey Term {12}4\nInstall Time {8}\d\d \w{3} \d\d \d\d:\d\d UTC\nEncryption Count {4}\d+\n$/,
    );
    expect((await cli(["storage", "list", `-config=${config}`, "sealwright/"])).stdout).toBe("");
  });

  it("take - behind -key as the wish to give the shares on standard input", async () => {
    const { config, shares } = prepare("shamir");
    const args = ["storage", "list", `-config=${config}`, "-key=-"];
    expect((await cli(args, { stdin: shares.join("\n") })).stdout).toContain("core/keyring\n");
    const both = await cli([...args, `-key=${shares[0]}`], { stdin: shares.join("\n") });
    expect(both).toMatchObject({ code: 1, stdout: "" });
    expect(both.stderr).toContain("Give the key shares with -key or on standard input (-), not by both.");
  });
});
