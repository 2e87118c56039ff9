// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { resolveConfig, type Stanza } from "@sealwright/seal";
import { quietEnvironment, rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { checkErrorTable, checkSettingsTable } from "../../../test/support/seal-docs.ts";
import { plugin } from "../src/index.ts";

const [a, b] = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")];
const keyA = { current_key: a, current_key_id: "a" };
const keyB = { current_key: b, current_key_id: "b" };

async function open(stanza: Stanza) {
  return plugin.open(resolveConfig("static", plugin.config, stanza, {}).config, quietEnvironment);
}

describe("docs/seals/static.md", () => {
  it("shows the settings that the plugin declares", () => checkSettingsTable("static", plugin.config));

  it("is told apart from a plugin with other settings", () => {
    const { current_key: _, ...others } = plugin.config;
    expect(() => checkSettingsTable("static", others)).toThrow("| `current_key_id` |");
  });

  it("shows the errors that the plugin gives", async () => {
    const mistakes: Stanza[] = [
      { current_key_id: "a" },
      { ...keyA, current_key: a.slice(1) },
      { ...keyA, current_key: "file:///no/such" },
      { ...keyA, current_key: "env://UNSET" },
      { ...keyA, previous_key: b },
      { ...keyA, previous_key: a, previous_key_id: "b" },
      { ...keyA, previous_key: b, previous_key_id: "a" },
    ];
    const blob = await (await open(keyA)).wrap(new Uint8Array(32));
    const provoked = [
      ...(await Promise.all(mistakes.map((stanza) => rejectsWithCode(open(stanza), "SEAL_CONFIG")))),
      await rejectsWithCode((await open(keyB)).unwrap(blob), "SEAL_KEY_MISSING"),
      await rejectsWithCode((await open({ ...keyA, current_key: b })).unwrap(blob), "SEAL_BAD_CIPHERTEXT"),
    ];
    checkErrorTable("static", provoked);
    expect(() => checkErrorTable("static", provoked.slice(1))).toThrow("documented but not provoked");
    expect(() => checkErrorTable("static", [...provoked, { code: "SEAL_DENIED", message: "new" }])).toThrow(
      "not documented",
    );
  });
});
