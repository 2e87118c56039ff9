// SPDX-License-Identifier: Apache-2.0
import { resolveConfig, type Seal, type Stanza } from "@sealwright/seal";
import { quietEnvironment } from "@sealwright/testing";
import { plugin } from "../../src/index.ts";

/** A seal from a stanza, without the environment. */
export async function openSeal(stanza: Stanza): Promise<Seal> {
  return plugin.open(resolveConfig("azurekeyvault", plugin.config, stanza, {}).config, quietEnvironment);
}
