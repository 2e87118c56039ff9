// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { load, refusal } from "./load-from.ts";

const read = (content: string, env: NodeJS.ProcessEnv = {}) => load(content, env).config;

describe("the seals", () => {
  it("are Shamir's where there is no block", () => {
    const { seal, origins } = read("");
    expect(seal).toMatchObject([
      {
        type: "shamir",
        name: "shamir",
        disabled: false,
        priority: 1,
        call_deadline: 30_000,
        process_memory_mib: 1_024,
      },
    ]);
    expect(seal[0]?.at).toBeUndefined();
    expect(origins.get("seal.0.type")).toEqual({ from: "default" });
  });

  it("have what every seal has apart from the plugin's stanza, and the place of each", () => {
    const { seal, origins } = read(
      [
        'seal "PKCS11" {',
        '  name = "hsm" priority = 2 purpose = "A, b" isolation = "process" call_deadline = "5s" process_memory_mib = 256',
        '  lib  = "/lib/p11.so"',
        "  pin  = 0012",
        "  slot = 0x10 force = true",
        "}",
      ].join("\n"),
    );
    const [hsm] = seal;
    expect(hsm).toMatchObject({ type: "pkcs11", name: "hsm", priority: 2, purpose: ["a", "b"], isolation: "process" });
    expect(hsm?.call_deadline).toBe(5000);
    expect(hsm?.process_memory_mib).toBe(256);
    expect(hsm?.stanza).toEqual({ lib: "/lib/p11.so", pin: "0012", slot: "0x10", force: true });
    expect(hsm?.positions.get("pin")).toEqual({ file: "c.hcl", line: 5, column: 3 });
    expect(origins.get("seal.0.pin")).toMatchObject({ from: "file", line: 5 });
    expect(origins.get("seal.0.name")).toMatchObject({ from: "file", line: 3 });
    expect(origins.get("seal.0.type")).toMatchObject({ from: "file", line: 2, column: 6 });
  });

  it("may be called kms", () => {
    expect(read('kms "static" { current_key_id = "k" }').seal).toMatchObject([{ type: "static" }]);
  });

  it("keep an own key called __proto__ as a key, for the plugin to refuse", () => {
    const [seal] = read('seal "static" { __proto__ = "x" }').seal;
    expect(Object.keys(seal?.stanza ?? {})).toEqual(["__proto__"]);
  });

  it("may have an old one of the same type beside the enabled one", () => {
    const { seal } = read('seal "static" { disabled = "true" }\nseal "static" {}');
    expect(seal).toMatchObject([
      { name: "static-disabled", disabled: true },
      { name: "static", disabled: false },
    ]);
  });

  it("mean a migration to Shamir where the only block is disabled", () => {
    const { seal } = read('seal "static" { disabled = true }');
    expect(seal).toMatchObject([
      { type: "static", disabled: true },
      { type: "shamir", disabled: false },
    ]);
  });

  it("take the enabled one's type from the variable", () => {
    const block = 'seal "awskms" { disabled = true }\nseal "static" {}';
    const { seal, origins } = read(block, { BAO_SEAL_TYPE: "SHAMIR", VAULT_SEAL_TYPE: "transit" });
    expect(seal.map(({ type }) => type)).toEqual(["awskms", "shamir"]);
    expect(origins.get("seal.1.type")).toEqual({ from: "variable", name: "BAO_SEAL_TYPE" });
  });

  it("may be many, with or without Vault's word for it", () => {
    const blocks = 'seal "a" { priority = 2 }\nseal "a" { name = "b" }\nseal "c" { disabled = true }';
    expect(read(blocks).seal.map(({ name }) => name)).toEqual(["a", "b", "c-disabled"]);
    expect(read(`enable_multiseal = true\n${blocks}`).seal).toHaveLength(3);
  });

  it("are refused where a variable gives a type and several are enabled", () => {
    expect(refusal(() => read('seal "a" {}\nseal "b" {}', { VAULT_SEAL_TYPE: "static" }))).toContain(
      "c.hcl:3:6: the variable VAULT_SEAL_TYPE gives one seal a type, and 2 are enabled: unset it",
    );
  });

  it("take the type from the variable also without a block", () => {
    const { seal, origins } = read("", { VAULT_SEAL_TYPE: "static" });
    expect(seal).toMatchObject([{ type: "static", stanza: {} }]);
    expect(origins.get("seal.0.type")).toEqual({ from: "variable", name: "VAULT_SEAL_TYPE" });
  });

  it.each([
    [
      "two enabled ones of a type without names",
      'seal "a" {}\nkms "a" {}',
      'c.hcl:3:5: two seals are called "a": give one another name',
    ],
    [
      "shares beside an auto seal",
      'seal "a" {}\nseal "shamir" {}',
      'c.hcl:3:6: seal "shamir" cannot be enabled beside another seal: leave the block out, and give officers shares',
    ],
    [
      "a name that is no part of a path",
      'seal "a" { name = "x/y" }',
      'c.hcl:2:6: a seal cannot be called "x/y": use 1 to 32 letters',
    ],
    ["a name that is too long", `seal "a" { name = "${"x".repeat(33)}" }`, "a seal cannot be called"],
    ["two disabled ones", 'seal "a" { disabled = 1 }\nseal "b" { disabled = 1 }', "c.hcl:2:6: every seal is disabled"],
    [
      "two of one name",
      'seal "a" { name = "x" }\nseal "b" { name = "x" disabled = 1 }',
      'c.hcl:3:6: two seals are called "x"',
    ],
    ["no type", 'seal { current_key = "x" }', 'c.hcl:2:22: found a text, expected a block such as seal "…" { … }'],
    ["a text for a block", 'seal = "static"', 'c.hcl:2:8: found a text, expected a block such as seal "…" { … }'],
    [
      "a block in the stanza",
      'seal "static" { nested { a = 1 } }',
      'c.hcl:2:24: seal "static": nested: expected a text, a number, true or false, found a block',
    ],
    [
      "a list in the stanza",
      'seal "static" { keys = ["a"] }',
      'seal "static": keys: expected a text, a number, true or false, found a list',
    ],
    [
      "a key given twice",
      'seal "static" { a = 1\n a = 2 }',
      'c.hcl:3:2: seal "static": a is given twice (first at 2:17)',
    ],
    [
      "a common key given twice",
      'seal "static" { name = "a"\n name = "b" }',
      'c.hcl:3:2: seal "static": name is given twice (first at 2:17)',
    ],
    [
      "disabled as a word",
      'seal "static" { disabled = "zzz" }',
      'c.hcl:2:28: seal "static": disabled: expected true or false, found "zzz"',
    ],
    ["a priority of 0", 'seal "static" { priority = 0 }', "priority: expected a whole number from 1 to 1000, found 0"],
    [
      "a deadline without a unit it knows",
      'seal "static" { call_deadline = "5 sec" }',
      "call_deadline: expected a duration",
    ],
    [
      "a deadline of nothing",
      'seal "static" { call_deadline = 0 }',
      "call_deadline: expected a duration of at least 1ms",
    ],
    ["memory that no process needs so little of", 'seal "static" { process_memory_mib = 127 }', "process_memory_mib"],
    ["a deadline beyond timers", 'seal "static" { call_deadline = "597h" }', "expected a duration of at most 596h"],
    ["an unknown isolation", 'seal "static" { isolation = "vm" }', "isolation: expected one of process, none"],
  ])("are refused with %s", (_what, content, message) => {
    expect(refusal(() => read(content))).toContain(message);
  });

  it("never show a value of the stanza in an error", () => {
    for (const content of [
      'pin = ["s3cret"]',
      'pin = "s3cret" pin = "s3cret"',
      "pin = s3cret",
      'pin { a = "s3cret" }',
    ]) {
      expect(refusal(() => read(`seal "pkcs11" { ${content} }`))).not.toContain("s3cret");
    }
  });
});
