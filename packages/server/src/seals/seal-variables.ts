// SPDX-License-Identifier: Apache-2.0
/**
 * Environment variables of one seal among several. Two seals of a type read the same variables, so `X_NAME` stands for
 * `X` in the seal called NAME, as in Vault.
 */
import type { ConfigFields } from "@sealwright/seal";

/** The environment as one seal sees it. */
export interface SealVariables {
  readonly env: NodeJS.ProcessEnv;
  /** The name under which a variable was set. */
  nameOf(variable: string): string;
}

/** `env` as the seal called `name` sees it, whose settings are `fields`. */
export function variablesOf(name: string, fields: ConfigFields, env: NodeJS.ProcessEnv): SealVariables {
  const variables = Object.values(fields).flatMap(({ env = [], fallbackEnv = [] }) => [...env, ...fallbackEnv]);
  const own = new Map(
    variables.flatMap((variable): [string, string][] => {
      const value = env[`${variable}_${name}`];
      return value === undefined ? [] : [[variable, value]];
    }),
  );
  return {
    env: own.size === 0 ? env : { ...env, ...Object.fromEntries(own) },
    nameOf: (variable) => (own.has(variable) ? `${variable}_${name}` : variable),
  };
}

/** Those of the `secrets` that are set for one seal: what runs in a process of its own must not inherit them either. */
export function setForOneSeal(secrets: readonly string[], env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter((name) => secrets.some((secret) => name.startsWith(`${secret}_`)));
}
