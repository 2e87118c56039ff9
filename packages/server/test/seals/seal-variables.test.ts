// SPDX-License-Identifier: Apache-2.0
import { plugin } from "@sealwright/plugin-static";
import { describe, expect, it } from "vitest";
import { effectiveSettings } from "../../src/seals/effective-settings.ts";
import { setForOneSeal } from "../../src/seals/seal-variables.ts";
import { load } from "../config/load-from.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);
const [FIRST, SECOND] = load(
  'seal "static" { name = "one" current_key_id = "a" }\nseal "static" { name = "two" disabled = true }',
).config.seal;

describe("the variables of a seal among several", () => {
  const env = { BAO_STATIC_SEAL_CURRENT_KEY: KEY, BAO_STATIC_SEAL_CURRENT_KEY_ID_two: "b" };

  it("with its name behind them are its own, and are named so", () => {
    const { settings } = effectiveSettings(SECOND!, plugin.config, env);
    expect(settings).toContainEqual({
      key: "current_key_id",
      shown: "b",
      origin: { from: "environment", name: "BAO_STATIC_SEAL_CURRENT_KEY_ID_two" },
    });
  });

  it("are not those of another seal", () => {
    const { settings } = effectiveSettings(FIRST!, plugin.config, env);
    expect(settings).toContainEqual({
      key: "current_key_id",
      shown: "a",
      origin: { from: "stanza", key: "current_key_id" },
    });
  });

  it("win over those without a name", () => {
    const both = { ...env, BAO_STATIC_SEAL_CURRENT_KEY_ID: "c" };
    const shown = (block: typeof FIRST) =>
      effectiveSettings(block!, plugin.config, both).settings.find(({ key }) => key === "current_key_id")?.shown;
    expect([shown(FIRST), shown(SECOND)]).toEqual(["c", "b"]);
  });

  it("are kept from child processes where they hold secrets", () => {
    const set = { SECRET: "1", SECRET_two: "2", SECRETS: "3", OTHER_two: "4" };
    expect(setForOneSeal(["SECRET"], set)).toEqual(["SECRET_two"]);
  });
});
