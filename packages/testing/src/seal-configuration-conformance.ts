// SPDX-License-Identifier: Apache-2.0
/** The part of the seal suite about configuration, for plugins of kind `auto`. */
import { isSealError, resolveConfig, type Seal, type Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "./rejects-with-code.ts";
import type { TestRunner } from "./runner.ts";
import { type ConfigurationHarness, quietEnvironment } from "./seal-harness.ts";

/** Registers the tests; `secrets` are the texts that nothing may show. */
export function describeSealConfiguration(
  { plugin, valid, required, mistakes }: ConfigurationHarness,
  secrets: readonly string[],
  { describe, it, expect }: TestRunner,
): void {
  const openWith = async (stanza: Stanza): Promise<Seal> => {
    const { config } = resolveConfig(plugin.type, plugin.config, stanza, {});
    return plugin.open(config, quietEnvironment);
  };

  const refusal = async (stanza: Stanza): Promise<string> => {
    const error = await rejectsWithCode(() => openWith(stanza), "SEAL_CONFIG");
    expect(isSealError(error)).toBe(true);
    for (const secret of secrets) expect(error.message).not.toContain(secret);
    return error.message;
  };

  describe("configuration", () => {
    for (const key of Object.keys(plugin.config)) {
      it(`a misspelt ${key} is SEAL_CONFIG, naming the right one`, async () => {
        const message = await refusal({ ...valid, [`${key}x`]: "1" });
        expect(message).toContain(`${key}x`);
        expect(message).toContain(`did you mean ${key}?`);
      });
    }

    for (const key of required) {
      it(`a missing ${key} is SEAL_CONFIG, naming it`, async () => {
        const without = Object.fromEntries(Object.entries(valid).filter(([name]) => name !== key));
        expect(await refusal(without)).toContain(key);
      });
    }

    for (const { wrong, stanza, says } of mistakes) {
      it(`${wrong} is SEAL_CONFIG, and the error says so`, async () => {
        expect(await refusal(stanza)).toContain(says);
      });
    }

    it("a valid configuration opens, shows its settings, and shows no secret", async () => {
      const { settings } = resolveConfig(plugin.type, plugin.config, valid, {});
      const shown = JSON.stringify(settings);
      for (const key of Object.keys(valid)) expect(shown).toContain(key);
      for (const secret of secrets) expect(shown).not.toContain(secret);
      for (const { key, shown: text } of settings) if (plugin.config[key]?.secret) expect(text).toBe("[secret]");
      const seal = await openWith(valid);
      expect(seal.type).toBe(plugin.type);
      await seal.close();
    });
  });
}
