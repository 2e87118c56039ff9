// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { booleanText, type ConfigFields, integerText, resolveConfig, type Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";

const SECRET = "correct horse battery staple";

let shownToSchema: Uint8Array | undefined;

const fields = {
  pin: { schema: z.string(), doc: "", env: ["BAO_PIN", "VAULT_PIN"], secret: true, indirect: true },
  slot: { schema: integerText(0, 255).optional(), doc: "", env: ["BAO_SLOT"], aliases: ["slot_number"] },
  verbose: { schema: booleanText.optional(), doc: "" },
  region: { schema: z.string().default("us-east-1"), doc: "", env: ["REGION"], precedence: "stanza" },
  label: { schema: z.string().optional(), doc: "" },
  address: { schema: z.string().optional(), doc: "", env: ["OWN"], fallbackEnv: ["TOOL_A", "TOOL_B"] },
  raw: {
    schema: z
      .instanceof(Uint8Array)
      .transform((given) => {
        shownToSchema = given;
        return Uint8Array.from(given);
      })
      .optional(),
    doc: "",
    env: ["RAW"],
    secret: true,
    indirect: true,
    bytes: true,
  },
} as const satisfies ConfigFields;

const folder = mkdtempSync(join(tmpdir(), "sealwright-resolve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function resolve(stanza: Stanza, env: NodeJS.ProcessEnv = {}) {
  return resolveConfig("test", fields, stanza, env);
}

async function refusal(stanza: Stanza, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const error = await rejectsWithCode(() => resolve(stanza, env), "SEAL_CONFIG");
  expect(error.message).toMatch(/^seal "test": /);
  expect(error.message).not.toContain(SECRET);
  return error.message;
}

describe("resolveConfig refuses with SEAL_CONFIG", () => {
  it("an unknown key, naming the nearest, also where that is an alias", async () => {
    expect(await refusal({ pin: "1", pni: SECRET })).toContain('unknown setting "pni": did you mean pin?');
    expect(await refusal({ pin: "1", slot_numbr: 1 })).toContain("did you mean slot_number?");
  });

  it("any key of a seal that takes no settings", async () => {
    const error = await rejectsWithCode(() => resolveConfig("bare", {}, { key: SECRET }, {}), "SEAL_CONFIG");
    expect(error.message).toBe('seal "bare": unknown setting "key": it takes no settings');
  });

  for (const key of ["__proto__", "constructor", "toString", "PIN", ""]) {
    it(`the unknown key ${JSON.stringify(key)}`, async () => {
      const stanza = Object.fromEntries([
        ["pin", "1"],
        [key, "x"],
      ]) as Stanza;
      expect(await refusal(stanza)).toContain(`unknown setting ${JSON.stringify(key)}`);
    });
  }

  it("a key together with its alias", async () => {
    expect(await refusal({ pin: "1", slot: 1, slot_number: 1 })).toContain("slot and slot_number are one setting");
  });

  it("a missing required key, naming it and its variable", async () => {
    expect(await refusal({})).toContain("pin is required: set it, or the variable BAO_PIN");
  });

  it("an empty required value, from stanza and from environment", async () => {
    expect(await refusal({ pin: "" })).toContain("pin is required");
    expect(await refusal({}, { BAO_PIN: "", VAULT_PIN: "1" })).toContain("pin is required");
  });

  it("a value that its schema refuses, naming the key, or the variable that it came from", async () => {
    expect(await refusal({ pin: "1", slot: 256 })).toContain(
      "slot is not valid: expected a whole number from 0 to 255",
    );
    expect(await refusal({ pin: "1", slot: 1 }, { BAO_SLOT: "x" })).toContain("the variable BAO_SLOT is not valid");
    expect(await refusal({ pin: "1", verbose: "maybe" })).toContain("verbose is not valid: expected true or false");
  });

  it("a file that is not there, is a folder, or is empty, naming it and the key", async () => {
    expect(await refusal({ pin: `file://${folder}/none` })).toContain(`pin names the file ${folder}/none`);
    expect(await refusal({ pin: `file://${folder}` })).toContain("EISDIR");
    const empty = file("empty", "");
    expect(await refusal({ pin: `file://${empty}` })).toContain(`${empty}, which is empty`);
    expect(await refusal({ pin: `file://${file("newline", "\n")}` })).toContain("which is empty");
  });

  it("a variable that is not set or is empty, naming it and the key", async () => {
    expect(await refusal({ pin: "env://NAME" })).toContain("pin names the environment variable NAME, which is not set");
    expect(await refusal({ pin: "env://NAME" }, { NAME: "" })).toContain("which is not set");
    expect(await refusal({ pin: "env://toString" })).toContain("toString, which is not set");
  });

  it("a secret whose schema quotes it, without the quote", async () => {
    const loud = {
      key: { schema: z.string().refine(() => false, { error: (issue) => `cannot use ${issue.input}` }), doc: "" },
    } as const;
    const open = await rejectsWithCode(() => resolveConfig("t", loud, { key: SECRET }, {}), "SEAL_CONFIG");
    expect(open.message).toContain(SECRET);
    const hidden = { key: { ...loud.key, secret: true } } as const;
    const error = await rejectsWithCode(() => resolveConfig("t", hidden, { key: SECRET }, {}), "SEAL_CONFIG");
    expect(error.message).toBe('seal "t": key is not valid');
  });
});

describe("resolveConfig decides by precedence", () => {
  it("the environment wins over the stanza, and the first variable that is set over the others", () => {
    const { config, settings } = resolve({ pin: "stanza" }, { BAO_PIN: "bao", VAULT_PIN: "vault" });
    expect(config.pin).toBe("bao");
    expect(settings[0]?.origin).toEqual({ from: "environment", name: "BAO_PIN" });
    expect(resolve({ pin: "stanza" }, { VAULT_PIN: "vault" }).config.pin).toBe("vault");
  });

  it("a variable that is set but empty hides the others and leaves the stanza", () => {
    expect(resolve({ pin: "stanza" }, { BAO_PIN: "", VAULT_PIN: "vault" }).config.pin).toBe("stanza");
  });

  it("a tool's own variable counts last, where neither the field's variables nor the stanza give anything", () => {
    const addressOf = (env: Record<string, string>, address = "") => resolve({ pin: "1", address }, env).config.address;
    expect(addressOf({ TOOL_A: "tool" }, "stanza")).toBe("stanza");
    expect(addressOf({ TOOL_A: "tool", OWN: "own" })).toBe("own");
    expect(addressOf({ TOOL_A: "tool", OWN: "own" }, "stanza")).toBe("own");
    expect(addressOf({ TOOL_A: "a", TOOL_B: "b" })).toBe("a");
    expect(addressOf({ TOOL_A: "", TOOL_B: "b" })).toBeUndefined();
    const { settings } = resolve({ pin: "1" }, { TOOL_B: "b" });
    expect(settings.find(({ key }) => key === "address")?.origin).toEqual({ from: "environment", name: "TOOL_B" });
  });

  it("the stanza wins where the field says so, and the variable over the default", () => {
    expect(resolve({ pin: "1", region: "a" }, { REGION: "b" }).config.region).toBe("a");
    expect(resolve({ pin: "1" }, { REGION: "b" }).config.region).toBe("b");
    expect(resolve({ pin: "1" }).config.region).toBe("us-east-1");
  });

  it("a file that the environment overrules is not read", () => {
    expect(resolve({ pin: "file:///no/such" }, { BAO_PIN: "bao" }).config.pin).toBe("bao");
  });
});

describe("resolveConfig reads", () => {
  it("numbers, integers beyond 2^53 and booleans of a stanza as text for the schema", () => {
    expect(resolve({ pin: 1234n, slot: 7, verbose: true }).config).toMatchObject({
      pin: "1234",
      slot: 7,
      verbose: true,
    });
  });

  it("an alias, and names it as the origin", () => {
    const { config, settings } = resolve({ pin: "1", slot_number: 9 });
    expect(config.slot).toBe(9);
    expect(settings[1]).toEqual({ key: "slot", shown: "9", origin: { from: "stanza", key: "slot_number" } });
  });

  it("file:// without the line break at the end, and nothing else trimmed", () => {
    expect(resolve({ pin: `file://${file("a", " pin \n")}` }).config.pin).toBe(" pin ");
    expect(resolve({ pin: `file://${file("b", "pin\r\n")}` }).config.pin).toBe("pin");
    expect(resolve({ pin: `file://${file("c", "pin\n\n")}` }).config.pin).toBe("pin\n");
  });

  it("file:// with a literal path, in which % and # have no meaning", () => {
    expect(resolve({ pin: `file://${file("100%25#x", "pin")}` }).config.pin).toBe("pin");
  });

  it("env:// from a variable, and no reference inside a variable", () => {
    expect(resolve({ pin: "env://NAME" }, { NAME: "file:///no/such" }).config.pin).toBe("file:///no/such");
    expect(resolve({}, { BAO_PIN: "env://NAME" }).config.pin).toBe("env://NAME");
  });

  it("no reference in a field that takes none", () => {
    expect(resolve({ pin: "1", label: "file:///no/such" }).config.label).toBe("file:///no/such");
  });

  it("bytes untouched from a file, and as UTF-8 from text", () => {
    const content = Uint8Array.of(0xff, 0x00, 0x0a);
    expect(resolve({ pin: "1", raw: `file://${file("raw", content)}` }).config.raw).toEqual(content);
    expect(resolve({ pin: "1" }, { RAW: "é" }).config.raw).toEqual(Uint8Array.of(0xc3, 0xa9));
  });

  it("and wipes the bytes that a schema was shown", () => {
    resolve({ pin: "1", raw: "secret" });
    expect(shownToSchema).toEqual(Buffer.alloc(6));
  });
});

describe("the effective settings", () => {
  it("show values, origins and defaults, no absent ones, and never a secret", () => {
    const { settings } = resolve({ pin: SECRET, raw: SECRET, verbose: "t" }, { BAO_SLOT: "0x10" });
    expect(settings).toEqual([
      { key: "pin", shown: "[secret]", origin: { from: "stanza", key: "pin" } },
      { key: "slot", shown: "16", origin: { from: "environment", name: "BAO_SLOT" } },
      { key: "verbose", shown: "true", origin: { from: "stanza", key: "verbose" } },
      { key: "region", shown: "us-east-1", origin: { from: "default" } },
      { key: "raw", shown: "[secret]", origin: { from: "stanza", key: "raw" } },
    ]);
  });
});
