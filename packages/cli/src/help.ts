// SPDX-License-Identifier: Apache-2.0
import type { Command } from "./command.ts";
import type { Flag } from "./flags/flag.ts";
import { columns } from "./output/table.ts";
import { paragraph } from "./output/wrap.ts";
import { commandName } from "./product.ts";

/** A group of commands: what stands before the last word, for example `operator`. */
export interface Group {
  readonly path: string;
  readonly synopsis: string;
}

/** The help text of one command, made from its declaration. */
export function commandHelp(command: Command): string {
  const takesFlags = Object.keys(command.flags).length > 0;
  const parts = [
    `Usage: ${[commandName, command.path, takesFlags ? "[options]" : "", command.argumentsUsage].filter(Boolean).join(" ")}`,
    indented(paragraph(command.description)),
  ];
  if (command.examples.length > 0) {
    parts.push(`Examples:\n\n${command.examples.map((line) => `    $ ${commandName} ${line}`).join("\n")}`);
  }
  if (takesFlags) parts.push(`Options:\n\n${Object.values(command.flags).map(flagHelp).join("\n\n")}`);
  return `${parts.join("\n\n")}\n`;
}

/** How a flag is written in help, with its other names: `-key-shares=<int>, -n=<int>`. */
export function flagUsage(flag: Flag<unknown>): string {
  const value = flag.placeholder === undefined ? "" : `=<${flag.placeholder}>`;
  return [flag.name, ...flag.aliases].map((name) => `-${name}${value}`).join(", ");
}

/** The help text of a group, or of the whole command line when `group` is undefined: its commands, one per line. */
export function groupHelp(
  group: Group | undefined,
  entries: readonly (readonly [name: string, synopsis: string])[],
): string {
  const name = group === undefined ? commandName : `${commandName} ${group.path}`;
  const about = group === undefined ? "" : `  ${group.synopsis}\n\n`;
  return `Usage: ${name} <command> [options] [args]\n\n${about}Commands:\n\n${indented(columns(entries))}\n`;
}

function flagHelp(flag: Flag<unknown>): string {
  return `  ${flagUsage(flag)}\n${indented(indented(indented(paragraph(flag.usage))))}`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
