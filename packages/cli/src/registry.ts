// SPDX-License-Identifier: Apache-2.0
import type { Command } from "./command.ts";
import { UsageError } from "./errors.ts";
import { nearest } from "./flags/nearest.ts";
import { type Group, groupHelp } from "./help.ts";
import { commandName } from "./product.ts";

/** What a command line names: a command with its words still to be parsed, or a list of commands to choose from. */
export type Found =
  | { readonly kind: "command"; readonly command: Command; readonly argv: readonly string[] }
  | { readonly kind: "help"; readonly text: string; readonly asked: boolean };

/** The commands and groups there are. */
export class Registry {
  readonly commands: readonly Command[];
  readonly #groups: readonly Group[];

  constructor(commands: readonly Command[], groups: readonly Group[]) {
    this.commands = commands;
    this.#groups = groups;
  }

  /** Finds what the words name. Throws `UsageError` with the nearest name for a mistyped one. */
  find(argv: readonly string[]): Found {
    const words = leadingWords(argv);
    for (let count = words.length; count > 0; count--) {
      const command = this.#command(words.slice(0, count).join(" "));
      if (command !== undefined) return { kind: "command", command, argv: argv.slice(count) };
    }
    return this.#list(words, argv);
  }

  #command(path: string): Command | undefined {
    return this.commands.find((each) => each.path === path);
  }

  #list(words: readonly string[], argv: readonly string[]): Found {
    let group: Group | undefined;
    let depth = 0;
    for (; depth < words.length; depth++) {
      const path = words.slice(0, depth + 1).join(" ");
      const next = this.#groups.find((each) => each.path === path);
      if (next === undefined) break;
      group = next;
    }
    if (depth < words.length) throw this.#unknown(group, words[depth]!);
    const asked = ["-h", "-help", "--help"].includes(argv[depth] ?? "");
    return { kind: "help", text: groupHelp(group, this.#entries(group)), asked };
  }

  #entries(group: Group | undefined): readonly (readonly [string, string])[] {
    const prefix = group === undefined ? "" : `${group.path} `;
    const members = [...this.commands, ...this.#groups]
      .filter(({ path }) => path.startsWith(prefix) && path !== group?.path)
      .map(({ path, synopsis }) => [path.slice(prefix.length), synopsis] as const);
    return members.filter(([name]) => !name.includes(" ")).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #unknown(group: Group | undefined, word: string): UsageError {
    const prefix = group === undefined ? "" : `${group.path} `;
    const near = this.#nearestPath(prefix, this.#entries(group), word);
    const advice =
      near === undefined ? `Run "${commandName} ${prefix}-h" for the list.` : `Did you mean "${commandName} ${near}"?`;
    return new UsageError(`There is no command "${commandName} ${prefix}${word}". ${advice}`);
  }

  /** A command of any group with just this name, such as `operator seal` for `seal`, else a name that is spelt alike. */
  #nearestPath(prefix: string, entries: readonly (readonly [string, string])[], word: string): string | undefined {
    const elsewhere = this.commands.find(({ path }) => path.endsWith(` ${word}`));
    if (elsewhere !== undefined) return elsewhere.path;
    const near = nearest(
      word,
      entries.map(([name]) => name),
    );
    return near === undefined ? undefined : prefix + near;
  }
}

/** The words before the first flag; names of commands have no dash in front. */
function leadingWords(argv: readonly string[]): readonly string[] {
  const flag = argv.findIndex((word) => word.startsWith("-"));
  return flag < 0 ? argv : argv.slice(0, flag);
}
