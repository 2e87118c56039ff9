// SPDX-License-Identifier: Apache-2.0
import { checkPlugin } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import * as z from "zod";

const field = { schema: z.string(), doc: "The key." };
const fit = { kind: "auto", type: "acme", config: { key_name: field }, open: async () => undefined };

describe("what a module exports as plugin", () => {
  it("is a plugin when kind, type, config and open are there", () => {
    expect(checkPlugin(fit, "x.mjs")).toBe(fit);
    const more = {
      ...fit,
      isolation: "process",
      sdkSecrets: ["PIN"],
      weakness: "a file holds its key",
      maxParallel: () => 1,
      diagnose: () => undefined,
    };
    expect(checkPlugin(more, "x.mjs")).toBe(more);
  });

  it("may take no settings, and may be an instance of a class", () => {
    class Acme {
      readonly kind = "auto";
      readonly type = "acme";
      readonly config = {};
      open(): void {}
    }
    const plugin = new Acme();
    expect(checkPlugin(plugin, "x.mjs")).toBe(plugin);
  });

  it.each([
    ["missing", undefined, "it must be an object, and is missing"],
    ["null", null, "it must be an object, and is null"],
    ["a function", () => fit, "it must be an object, and is a function"],
    ["of another kind", { ...fit, kind: "manual" }, 'kind must be "auto"'],
    ["a seal of shares", { ...fit, kind: "shares" }, "only the server brings such a seal"],
    ["without a type", { ...fit, type: undefined }, "type must be a name in lower case"],
    ["of a type in capitals", { ...fit, type: "ACME" }, "type must be a name in lower case"],
    ["without config", { ...fit, config: undefined }, "config must be an object with a field for each setting"],
    ["with a text for config", { ...fit, config: "key_name" }, "config must be an object"],
    ["with a field that is no object", { ...fit, config: { pin: "x" } }, "config.pin must be an object"],
    ["with a field without schema", { ...fit, config: { pin: { doc: "" } } }, "config.pin.schema must be a zod schema"],
    ["with a field without doc", { ...fit, config: { pin: { schema: z.string() } } }, "config.pin.doc must be a text"],
    [
      "with one variable where a list belongs",
      { ...fit, config: { pin: { ...field, env: "ACME_PIN" } } },
      "config.pin.env must be a list of texts",
    ],
    ["without open", { ...fit, open: undefined }, "open must be a function"],
    ["with something else for open", { ...fit, open: {} }, "open must be a function"],
    ["with a number for maxParallel", { ...fit, maxParallel: 4 }, "maxParallel must be a function"],
    ["with a text for diagnose", { ...fit, diagnose: "x" }, "diagnose must be a function"],
    [
      "with one variable of its SDK's and not a list",
      { ...fit, sdkSecrets: "PIN" },
      "sdkSecrets must be a list of texts",
    ],
    ["with a weakness that is no sentence", { ...fit, weakness: true }, "weakness must be a text"],
    ["with an unknown isolation", { ...fit, isolation: "vm" }, 'isolation must be "process" or left out'],
  ])("is refused with SEAL_PLUGIN_UNAVAILABLE when it is %s", async (_what, value, says) => {
    const error = await rejectsWithCode(async () => checkPlugin(value, "x.mjs"), "SEAL_PLUGIN_UNAVAILABLE");
    expect(error.message).toContain("what x.mjs exports as plugin does not fit the contract of seals");
    expect(error.message).toContain(says);
  });

  it("is told everything that is wrong at once", async () => {
    const { message } = await rejectsWithCode(async () => checkPlugin({}, "x.mjs"), "SEAL_PLUGIN_UNAVAILABLE");
    for (const word of ["kind", "type", "config", "open"]) expect(message).toContain(`${word} must be`);
  });
});
