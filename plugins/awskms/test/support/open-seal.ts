// SPDX-License-Identifier: Apache-2.0
import { resolveConfig, type Seal, type SealEnvironment, type Stanza } from "@sealwright/seal";
import { quietEnvironment } from "@sealwright/testing";
import type { LocalStack } from "@sealwright/testing/localstack";
import { plugin } from "../../src/index.ts";

/** A seal from a stanza, without the environment. */
export async function openSeal(stanza: Stanza, env: SealEnvironment = quietEnvironment): Promise<Seal> {
  return plugin.open(resolveConfig("awskms", plugin.config, stanza, {}).config, env);
}

/** A stanza that works with the key of `localStack`, named by its id. */
export function stanzaFor({ endpoint, region, key }: LocalStack): Readonly<Record<string, string>> {
  return { region, kms_key_id: key.id, endpoint, access_key: "AKIATEST", secret_key: "very-secret-key" };
}
