// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError } from "../src/errors.ts";
import { choice, integer, text, texts, toggle } from "../src/flags/flag.ts";
import { parseFlags } from "../src/flags/parse.ts";
import { commandVersion } from "../src/product.ts";
import { cli } from "./support/fake-io.ts";

const declared = {
  shares: integer({ name: "key-shares", aliases: ["n"], usage: "" }),
  verify: toggle({ name: "verify", usage: "" }),
  renewable: toggle({ name: "renewable", initial: true, usage: "" }),
  nonce: text({ name: "nonce", usage: "" }),
  policies: texts({ name: "policy", usage: "" }),
  level: choice({ name: "level", of: ["low", "high"], usage: "" }),
};

const parse = (...argv: string[]) => parseFlags(declared, argv);

describe("flags", () => {
  it.each([
    [["-key-shares=3"]],
    [["--key-shares=3"]],
    [["-key-shares", "3"]],
    [["--key-shares", "3"]],
    [["-n=3"]],
    [["-n", "3"]],
    [["-key-shares=5", "-n=3"]],
    [["-key-shares=0x3"]],
    [["-key-shares=+3"]],
  ])("%j give 3 shares", (argv) => {
    expect(parse(...argv).flags.shares).toBe(3);
  });

  it("take a boolean alone, with a value, and the last one given", () => {
    expect(parse("-verify").flags.verify).toBe(true);
    expect(parse("-verify=false").flags.verify).toBe(false);
    expect(parse("-verify", "-verify=f").flags.verify).toBe(false);
    expect(parse("-renewable=0").flags.renewable).toBe(false);
    expect(parse().flags.renewable).toBe(true);
  });

  it("never take the word after a boolean for its value", () => {
    expect(parse("-verify", "false")).toMatchObject({ flags: { verify: true }, args: ["false"] });
  });

  it("collect a flag that may be given several times, in order", () => {
    expect(parse("-policy=a", "-policy", "b").flags.policies).toEqual(["a", "b"]);
  });

  it("end at the first argument, at -- and at a bare dash, which is an argument", () => {
    expect(parse("-verify", "x", "-n=3")).toMatchObject({ flags: { shares: undefined }, args: ["x", "-n=3"] });
    expect(parse("--", "-verify")).toMatchObject({ flags: { verify: false }, args: ["-verify"] });
    expect(parse("-", "-verify")).toMatchObject({ flags: { verify: false }, args: ["-", "-verify"] });
  });

  it("keep everything after the first equals sign, and a value that looks like a flag", () => {
    expect(parse("-nonce=a=b").flags.nonce).toBe("a=b");
    expect(parse("-nonce=").flags.nonce).toBe("");
    expect(parse("-nonce", "-verify")).toMatchObject({ flags: { nonce: "-verify", verify: false } });
    expect(parse("-key-shares", "-1").flags.shares).toBe(-1);
  });

  it("name arguments that look like flags of the command, and no others", () => {
    expect(parse("x", "-verify", "a=-n", "-other", "--nonce=1").misplaced).toEqual(["-verify", "--nonce=1"]);
    expect(parse("x", "--", "-verify").misplaced).toEqual([]);
  });

  it.each([
    [["-key-shares=abc"], 'invalid value "abc" for flag -key-shares: strconv.ParseInt: parsing "abc": invalid syntax'],
    [["-n=3.5"], 'invalid value "3.5" for flag -n: strconv.ParseInt: parsing "3.5": invalid syntax'],
    [["-n="], 'invalid value "" for flag -n: strconv.ParseInt: parsing "": invalid syntax'],
    [["-n=1e3"], 'invalid value "1e3" for flag -n: strconv.ParseInt: parsing "1e3": invalid syntax'],
    [
      ["-n=99999999999999999999"],
      'invalid value "99999999999999999999" for flag -n: strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
    [
      ["-verify=maybe"],
      'invalid boolean value "maybe" for -verify: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [["-level=mid"], 'invalid value "mid" for flag -level: expected one of low, high'],
    [["-nonce"], "flag needs an argument: -nonce"],
    [["-key-share=3"], "flag provided but not defined: -key-share. Did you mean -key-shares?"],
    [["-zzzzzz"], "flag provided but not defined: -zzzzzz"],
    [["---verify"], "bad flag syntax: ---verify"],
    [["-=3"], "bad flag syntax: -=3"],
    [["--=3"], "bad flag syntax: --=3"],
  ])("%j are refused: %s", (argv, message) => {
    expect(() => parse(...argv)).toThrow(new UsageError(message));
  });

  it.each(["__proto__", "constructor", "toString"])("do not know -%s", (name) => {
    expect(() => parse(`-${name}=1`)).toThrow(`flag provided but not defined: -${name}`);
  });
});

describe("names of commands", () => {
  it.each([
    [["operator", "unsael"], 'Did you mean "sealwright operator unseal"?'],
    [["stauts"], 'Did you mean "sealwright status"?'],
    [["kv", "metadata", "gte"], 'Did you mean "sealwright kv metadata get"?'],
    [["unseal"], 'Did you mean "sealwright operator unseal"?'],
    [["xyzzy"], 'Run "sealwright -h" for the list.'],
    [["operator", "xyzzy"], 'Run "sealwright operator -h" for the list.'],
    [["__proto__"], 'Run "sealwright -h" for the list.'],
  ])("%j are told: %s", async (args, advice) => {
    const outcome = await cli(args);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain(advice);
  });

  it("leave a value that stands behind a misplaced flag out of the warning", async () => {
    const outcome = await cli(["operator", "unseal", "key", "-format=s3cret"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("were not read as flags: -format");
    expect(outcome.stderr).not.toContain("s3cret");
  });

  it("and the package agree about the version", () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(commandVersion).toBe(version);
  });

  it("are not needed for the version", async () => {
    for (const args of [["version"], ["-v"], ["-version"], ["--version"]]) {
      expect(await cli(args)).toMatchObject({ code: 0, stdout: `Sealwright v${commandVersion}\n` });
    }
  });
});
