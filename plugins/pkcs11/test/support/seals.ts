// SPDX-License-Identifier: Apache-2.0
import { type IsolatedSeal, type IsolationOptions, openIsolated } from "@sealwright/isolation";
import { resolveConfig, type Seal, type SealEnvironment, type Stanza, secretVariables } from "@sealwright/seal";
import { quietEnvironment } from "@sealwright/testing";
import type { TestToken } from "@sealwright/testing/test-token";
import { plugin } from "../../src/index.ts";

/** A stanza that names the token of `hsm`; the key is missing. */
export function stanzaFor(hsm: TestToken): Stanza {
  return { lib: hsm.lib, token_label: hsm.tokenLabel, pin: hsm.pin };
}

/** Opens a seal in this process, whose `SOFTHSM2_CONF` must be that of the token. */
export async function openHere(stanza: Stanza): Promise<Seal> {
  return plugin.open(resolveConfig("pkcs11", plugin.config, stanza, {}).config, quietEnvironment);
}

/** Opens a seal in a process of its own, which sees the token of `hsm`. */
export async function openApart(
  hsm: TestToken,
  stanza: Stanza,
  log: SealEnvironment["log"] = quietEnvironment.log,
  over: Partial<IsolationOptions> = {},
): Promise<IsolatedSeal> {
  const { config } = resolveConfig("pkcs11", plugin.config, stanza, {});
  return openIsolated({
    type: "pkcs11",
    module: "@sealwright/plugin-pkcs11",
    config,
    env: { ...process.env, ...hsm.env },
    withhold: secretVariables(plugin.config),
    maxParallel: plugin.maxParallel?.(config) ?? 1,
    log,
    ...over,
  });
}

/** Opens a seal apart, does `work`, and closes it whatever happens. */
export async function withSeal<T>(hsm: TestToken, stanza: Stanza, work: (seal: Seal) => Promise<T>): Promise<T> {
  const seal = await openApart(hsm, stanza);
  try {
    return await work(seal);
  } finally {
    await seal.close();
  }
}
