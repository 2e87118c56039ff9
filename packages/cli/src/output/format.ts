// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import { type FlagSet, text } from "../flags/flag.ts";
import { variable } from "../http/environment.ts";
import type { Io } from "../io.ts";
import { toIndentedJson } from "./json-text.ts";
import { toYaml } from "./yaml.ts";

const FORMATS = ["table", "json", "yaml", "raw"] as const;

/** How a result is printed: `raw` is the server's answer byte for byte, the others are ours. */
export type Format = (typeof FORMATS)[number];

/** The flag of every command that prints a result. */
export const formatFlags = {
  format: text({
    name: "format",
    usage: 'How to print the result: "table", "json", "yaml" or "raw" (the answer as it came). Also: VAULT_FORMAT.',
  }),
} satisfies FlagSet;

/** A result in each form it can be printed in. */
export interface Result {
  /** For people, without a newline at the end. */
  readonly table: () => string;
  /** For programs. */
  readonly value: unknown;
  /** The server's answer, where the result is one. */
  readonly raw?: string;
}

/** The format asked for by the flag, else by `BAO_FORMAT` or `VAULT_FORMAT`, else a table. Throws `UsageError`. */
export function outputFormat(flag: string | undefined, env: Io["env"]): Format {
  const asked = (flag ?? variable(env, "FORMAT")?.value ?? "table").toLowerCase();
  const format = FORMATS.find((each) => each === asked);
  if (format === undefined) throw new UsageError(`Invalid output format: ${asked} (expected ${FORMATS.join(", ")})`);
  return format;
}

/** Prints a result. */
export function show(io: Io, format: Format, result: Result): void {
  io.stdout.write(rendered(format, result));
}

function rendered(format: Format, { table, value, raw }: Result): string {
  switch (format) {
    case "table":
      return `${table()}\n`;
    case "json":
      return `${toIndentedJson(value)}\n`;
    case "yaml":
      return toYaml(value);
    case "raw":
      return raw ?? `${toIndentedJson(value)}\n`;
  }
}
