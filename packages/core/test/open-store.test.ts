// SPDX-License-Identifier: Apache-2.0
import { openStore, type Storage } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticPlugin } from "@sealwright/plugin-static";
import type { AutoSealPlugin } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openLastingStorage } from "./support/storages.ts";

const KEY = "a5".repeat(32);
const settings = { current_key: KEY, current_key_id: "key-a" };

/** A storage that says whether it was closed. */
function watched(): { readonly storage: Storage; readonly close: ReturnType<typeof vi.fn> } {
  const close = vi.fn(async () => {});
  return { storage: { ...openLastingStorage(), close }, close };
}

afterEach(() => vi.unstubAllEnvs());

describe("opening a store", () => {
  it("without a seal gives one that people unseal", async () => {
    const store = await openStore({ storage: openLastingStorage(), shares: shamir });
    expect(store.autoSealed).toBe(false);
  });

  it("with a plugin and its settings gives one that unseals itself", async () => {
    const { storage, close } = watched();
    const store = await openStore({ storage, shares: shamir, seal: { plugin: staticPlugin, settings } });
    await store.initialize({});
    await store.unseal();
    expect(await store.status()).toMatchObject({ type: "static", sealed: false });
    await store.close();
    expect(close).toHaveBeenCalledOnce();
  });

  it.each([
    ["an unknown setting", { ...settings, curent_key: KEY }],
    ["no key", { current_key_id: "key-a" }],
    ["a key that is too short", { ...settings, current_key: KEY.slice(2) }],
    ["a key file that is not there", { ...settings, current_key: "file:///nowhere/a.key" }],
  ])("is refused for %s, shows no key, and closes the storage it took over", async (_, wrong) => {
    const { storage, close } = watched();
    const opening = openStore({ storage, shares: shamir, seal: { plugin: staticPlugin, settings: wrong } });
    const error = await rejectsWithCode(opening, "SEAL_CONFIG");
    expect(`${error.stack}`).not.toContain(KEY.slice(2, 20));
    expect(close).toHaveBeenCalledOnce();
  });

  it("does not look at environment variables", async () => {
    vi.stubEnv("BAO_STATIC_SEAL_CURRENT_KEY", KEY);
    const seal = { plugin: staticPlugin, settings: { current_key_id: "key-a" } };
    await rejectsWithCode(openStore({ storage: openLastingStorage(), shares: shamir, seal }), "SEAL_CONFIG");
  });

  it("hands the seal's remarks to whoever wants them", async () => {
    const heard: string[] = [];
    const talkative: AutoSealPlugin = {
      ...staticPlugin,
      async open(config, env) {
        env.log("warn", "the token is nearly full");
        return staticPlugin.open(config as Parameters<typeof staticPlugin.open>[0], env);
      },
    };
    const log = (level: string, message: string): void => void heard.push(`${level}: ${message}`);
    await openStore({ storage: openLastingStorage(), shares: shamir, seal: { plugin: talkative, settings, log } });
    await openStore({ storage: openLastingStorage(), shares: shamir, seal: { plugin: talkative, settings } });
    expect(heard).toEqual(["warn: the token is nearly full"]);
  });
});
