// SPDX-License-Identifier: Apache-2.0
import { booleanText, type ConfigFields, integerText, secretVariables, settingsTable } from "@sealwright/seal";
import { describe, expect, it } from "vitest";
import * as z from "zod";

describe("booleanText", () => {
  for (const text of ["", "yes", "on", "2", "truee", " true", "-1"]) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(booleanText.safeParse(text).success).toBe(false));
  }
  for (const [text, value] of [
    ["1", true],
    ["t", true],
    ["TRUE", true],
    ["0", false],
    ["F", false],
    ["False", false],
  ]) {
    it(`reads ${text} as ${value}`, () => expect(booleanText.parse(text)).toBe(value));
  }
});

describe("integerText", () => {
  const slot = integerText(1, 0xffffffff);
  for (const text of [
    "",
    "0",
    "-1",
    "1.5",
    "1e3",
    "0x",
    "0xg",
    "4294967296",
    "0x100000000",
    " 1",
    "٣",
    "9".repeat(400),
  ]) {
    it(`refuses ${text.length > 20 ? "400 digits" : JSON.stringify(text)}, saying what is expected`, () => {
      const parsed = slot.safeParse(text);
      expect(parsed.error?.issues[0]?.message).toBe("expected a whole number from 1 to 4294967295");
    });
  }
  for (const [text, value] of [
    ["1", 1],
    ["007", 7],
    ["0x1F", 31],
    ["0XFFFFFFFF", 0xffffffff],
  ] as const) {
    it(`reads ${text} as ${value}`, () => expect(slot.parse(text)).toBe(value));
  }
});

const fields = {
  pin: {
    schema: z.string(),
    doc: "The PIN.",
    env: ["BAO_PIN", "VAULT_PIN"],
    secret: true,
    indirect: true,
  },
  hash: { schema: z.string().default("sha256"), doc: "The hash.", aliases: ["digest"] },
  region: { schema: z.string().optional(), doc: "The region.", env: ["REGION"], precedence: "stanza" },
  token: { schema: z.string().optional(), doc: "The token.", env: ["T"], fallbackEnv: ["TOOL_T"], secret: true },
} as const satisfies ConfigFields;

describe("a declaration", () => {
  it("gives the variables that child processes must not inherit", () => {
    expect(secretVariables(fields)).toEqual(["BAO_PIN", "VAULT_PIN", "T", "TOOL_T"]);
    expect(secretVariables({})).toEqual([]);
  });

  it("gives the documentation's table: names, variables, default or required, and what it is", () => {
    expect(settingsTable(fields)).toBe(
      [
        "| key | variables | default | what it is |",
        "| --- | --- | --- | --- |",
        "| `pin` | `BAO_PIN`, `VAULT_PIN` | required | The PIN. Secret. May be `file://PATH` or `env://NAME`. |",
        "| `hash`, `digest` | – | `sha256` | The hash. |",
        "| `region` | `REGION` | – | The region. The stanza wins over the variable. |",
        "| `token` | `T`, `TOOL_T` | – | The token. The stanza wins over `TOOL_T`. Secret. |",
      ].join("\n"),
    );
  });
});
