// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import type { Io } from "../io.ts";

/** The environment of a process. */
export type Environment = Io["env"];

/** A setting and the name of the variable it came from. */
export interface Setting {
  readonly value: string;
  readonly source: string;
}

/** `BAO_<name>`, else `VAULT_<name>`; an empty variable counts as unset. */
export function variable(env: Environment, name: string): Setting | undefined {
  for (const source of [`BAO_${name}`, `VAULT_${name}`]) {
    const value = env[source];
    if (value !== undefined && value !== "") return { value, source };
  }
  return undefined;
}

const TRUE = ["1", "t", "true"];
const FALSE = ["0", "f", "false"];

/** A variable that is a switch; unset is false. Throws `UsageError` for any other word. */
export function switchVariable(env: Environment, name: string): boolean {
  const setting = variable(env, name);
  if (setting === undefined) return false;
  const word = setting.value.toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  throw new UsageError(`${setting.source} is ${JSON.stringify(setting.value)}: expected true or false`);
}
