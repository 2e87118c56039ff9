// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { resolveConfig } from "@sealwright/seal";
import { describeSealConformance, quietEnvironment } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";

const currentKey = randomBytes(32).toString("hex");
const previousKey = randomBytes(32).toString("base64");
const current = { current_key: currentKey, current_key_id: "2026-b" };
const valid = { ...current, previous_key: previousKey, previous_key_id: "2026-a" };

function open(stanza: Record<string, string>) {
  return plugin.open(resolveConfig("static", plugin.config, stanza, {}).config, quietEnvironment);
}

describeSealConformance(
  "static",
  {
    traits: { aad: "bound", parts: ["iv"], unknownKeyId: "2025-z" },
    open: () => open(valid),
    async foreignBlob(plaintext) {
      const other = await open({ current_key: randomBytes(32).toString("hex"), current_key_id: "2026-b" });
      return other.wrap(plaintext);
    },
    secrets: [currentKey, previousKey, previousKey.slice(0, -1)],
    configuration: {
      plugin,
      valid,
      required: ["current_key", "current_key_id"],
      mistakes: [
        { wrong: "an empty current_key", stanza: { ...valid, current_key: "" }, says: "current_key is required" },
        {
          wrong: "an empty current_key_id",
          stanza: { ...valid, current_key_id: "" },
          says: "current_key_id is required",
        },
        { wrong: "a key cut short", stanza: { ...valid, current_key: currentKey.slice(1) }, says: "63 bytes" },
        {
          wrong: "a key that is not hex",
          stanza: { ...valid, current_key: "z".repeat(64) },
          says: "64 hexadecimal digits",
        },
        {
          wrong: "a key file that is not there",
          stanza: { ...valid, current_key: "file:///no/such" },
          says: "/no/such",
        },
        { wrong: "a key variable that is not set", stanza: { ...valid, current_key: "env://UNSET" }, says: "UNSET" },
        {
          wrong: "a previous key without its id",
          stanza: { ...current, previous_key: previousKey },
          says: "previous_key is given without previous_key_id",
        },
        {
          wrong: "a previous id without its key",
          stanza: { ...current, previous_key_id: "2026-a" },
          says: "previous_key_id is given without previous_key",
        },
        {
          wrong: "one key under two ids",
          stanza: { ...valid, previous_key: currentKey },
          says: "the same key under two ids",
        },
        {
          wrong: "two keys under one id",
          stanza: { ...valid, previous_key_id: "2026-b" },
          says: "two keys under one id",
        },
      ],
    },
  },
  { describe, it, expect },
);
