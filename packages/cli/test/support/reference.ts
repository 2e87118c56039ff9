// SPDX-License-Identifier: Apache-2.0
/** The part of docs/cli.md that is made from the declarations. */
import type { Command } from "../../src/command.ts";
import type { Flag } from "../../src/flags/flag.ts";
import { flagUsage } from "../../src/help.ts";
import { apiFlags } from "../../src/http/settings.ts";
import { formatFlags } from "../../src/output/format.ts";
import { commandName } from "../../src/product.ts";

const COMMON: readonly Flag<unknown>[] = [...Object.values(apiFlags), ...Object.values(formatFlags)];

/** All commands by name, each with its own flags; the flags that most have stand once in front. */
export function reference(commands: readonly Command[]): string {
  const sorted = [...commands].sort((a, b) => (a.path < b.path ? -1 : 1));
  return [
    "### Flags of every command that talks to the server\n",
    flagTable(COMMON),
    ...sorted.map(commandReference),
  ].join("\n");
}

function commandReference(command: Command): string {
  const flags = Object.values(command.flags);
  const own = flags.filter((flag) => !COMMON.includes(flag));
  const usage = [commandName, command.path, flags.length > 0 ? "[options]" : "", command.argumentsUsage];
  const examples = command.examples.map((line) => `${commandName} ${line}`).join("\n");
  return [
    `### ${command.path}\n`,
    `\`${usage.filter(Boolean).join(" ")}\`\n`,
    `${command.description}\n`,
    ...(examples === "" ? [] : [`\`\`\`sh\n${examples}\n\`\`\`\n`]),
    ...(own.length === 0 ? [] : [flagTable(own)]),
  ].join("\n");
}

function flagTable(flags: readonly Flag<unknown>[]): string {
  const rows = flags.map((flag) => `| \`${flagUsage(flag)}\` | ${flag.usage} |`);
  return ["| flag | meaning |", "| --- | --- |", ...rows, ""].join("\n");
}
