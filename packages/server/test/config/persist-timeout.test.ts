// SPDX-License-Identifier: Apache-2.0
/** `VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT`: what it takes, and how it refuses. */
import { describe, expect, it } from "vitest";
import { load, refusal } from "./load-from.ts";

const VARIABLE = "VAULT_ENCRYPTION_COUNT_PERSIST_TIMEOUT";
const KEY = "encryption_count_persist_timeout";

describe("the time for saving the encryption count", () => {
  it.each([
    ["5s", 5_000],
    ["1500ms", 1_500],
    ["1m30s", 90_000],
    ["0.5s", 500],
    ["8", 8_000],
    ["1ms", 1],
    ["596h", 596 * 3_600_000],
  ])("takes %s", (text, milliseconds) => {
    expect(load("", { [VARIABLE]: text }).config[KEY]).toBe(milliseconds);
    expect(load(`${KEY} = ${JSON.stringify(text)}`).config[KEY]).toBe(milliseconds);
  });

  it.each([
    "abc",
    "5 s",
    "5sec",
    "1.2.3s",
    "1e3",
    "s",
    ".s",
    "5s5",
    "NaN",
    "Infinity",
    "0x10s",
    "５s",
    "5s\n5s",
    "true",
    " ",
    "--5s",
    "-",
    "+5s",
    "1.5",
  ])("refuses %j, names the variable and says what is expected", (text) => {
    const message = refusal(() => load("", { [VARIABLE]: text }));
    expect(message).toContain(`the variable ${VARIABLE} (${KEY}): expected a duration such as 90s`);
    expect(message).toContain(JSON.stringify(text));
  });

  it.each(["0", "0s", "0ms", "0h0m", "0.1ms", "999us"])("refuses %s, which leaves no time", (text) => {
    const message = refusal(() => load("", { [VARIABLE]: text }));
    expect(message).toContain(`the variable ${VARIABLE} (${KEY}): expected a duration of at least 1ms`);
  });

  it.each(["-5s", "-1", "-1m30s", "-0s"])("refuses %s, and says that it is negative", (text) => {
    const message = refusal(() => load("", { [VARIABLE]: text }));
    expect(message).toContain(`the variable ${VARIABLE} (${KEY}): expected a duration that is not negative`);
  });

  it.each(["300000000h", "9999999999999999999", `${"9".repeat(30)}s`])("refuses %s, which is too long", (text) => {
    const message = refusal(() => load("", { [VARIABLE]: text }));
    expect(message).toContain(`the variable ${VARIABLE} (${KEY}): expected a duration of at most 292 years`);
  });

  it.each(["597h", "100000h"])("refuses %s, which no timer counts", (text) => {
    expect(refusal(() => load("", { [VARIABLE]: text }))).toContain("expected a duration of at most 596h");
  });

  it.each(["true", "[]", '["5s"]', "-5", '"-5s"', '"0"', "0"])("refuses %s in a file, with its place", (value) => {
    expect(refusal(() => load(`${KEY} = ${value}`))).toMatch(/^c\.hcl:2:\d+: /);
  });

  it("lets BAO_ win over VAULT_, and a wrong one is refused by its own name", () => {
    const bao = "BAO_ENCRYPTION_COUNT_PERSIST_TIMEOUT";
    expect(load("", { [bao]: "3s", [VARIABLE]: "0" }).config[KEY]).toBe(3_000);
    expect(refusal(() => load("", { [bao]: "0", [VARIABLE]: "3s" }))).toContain(`the variable ${bao}`);
  });

  it("lets either variable win over a file, and a wrong variable is refused however right the file is", () => {
    expect(load(`${KEY} = "2s"`, { [VARIABLE]: "3s" }).config[KEY]).toBe(3_000);
    expect(load(`${KEY} = "2s"`, { [VARIABLE]: "" }).config[KEY]).toBe(2_000);
    expect(refusal(() => load(`${KEY} = "2s"`, { [VARIABLE]: "soon" }))).toContain(`the variable ${VARIABLE}`);
  });

  it.each([
    ["-5s", "expected a duration that is not negative"],
    ["0s", "expected a duration of at least 1ms"],
    ["5 s", "expected a duration such as 90s"],
    ["300000000h", "expected a duration of at most 292 years"],
  ])("says of %s in a file what is wrong with it, too", (text, why) => {
    expect(refusal(() => load(`${KEY} = "${text}"`))).toMatch(new RegExp(`^c\\.hcl:2:\\d+: ${KEY}: ${why}`));
  });

  it("is a second unless it is set", () => {
    expect(load("").config[KEY]).toBe(1_000);
  });
});
