// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "./errors.ts";
import type { FlagSet, FlagValues } from "./flags/flag.ts";
import { parseFlags } from "./flags/parse.ts";
import { commandHelp } from "./help.ts";
import { type Io, warn } from "./io.ts";

/** What a command is called with. */
export interface Call<F extends FlagSet> {
  readonly flags: FlagValues<F>;
  /** The arguments after the flags; their number has been checked. */
  readonly args: readonly string[];
  readonly io: Io;
}

/** A command as it is declared. */
export interface CommandDeclaration<F extends FlagSet> {
  /** The words that name it, for example `operator unseal`. */
  readonly path: string;
  /** One line for the list of commands. */
  readonly synopsis: string;
  /** The arguments after the flags, for help, for example `[KEY]`. */
  readonly argumentsUsage?: string;
  /** How many arguments it takes: none unless said. */
  readonly argumentCount?: { readonly min: number; readonly max: number };
  /** Paragraphs for help. */
  readonly description: string;
  /** Command lines for help, without the program's name. */
  readonly examples?: readonly string[];
  readonly flags: F;
  /** Does the work; the number is the exit code. Throws `CommandError`. */
  run(call: Call<F>): Promise<number>;
}

/** A command as the command line sees it, whatever its flags. */
export interface Command {
  readonly path: string;
  readonly synopsis: string;
  readonly argumentsUsage: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly flags: FlagSet;
  /** Parses the words after the command's name and runs it. Throws `CommandError`. */
  execute(argv: readonly string[], io: Io): Promise<number>;
}

/** Makes a command of its declaration. */
export function defineCommand<const F extends FlagSet>(declared: CommandDeclaration<F>): Command {
  const { argumentCount = { min: 0, max: 0 } } = declared;
  const command: Command = {
    path: declared.path,
    synopsis: declared.synopsis,
    argumentsUsage: declared.argumentsUsage ?? "",
    description: declared.description,
    examples: declared.examples ?? [],
    flags: declared.flags,
    async execute(argv, io) {
      const { flags, args, misplaced, help } = parseFlags(declared.flags, argv);
      if (help) {
        io.stdout.write(commandHelp(command));
        return 0;
      }
      if (misplaced.length > 0) {
        warn(io, `Flags come before arguments. These were not read as flags: ${misplaced.map(flagName).join(", ")}`);
      }
      checkCount(args.length, argumentCount);
      return declared.run({ flags, args, io });
    },
  };
  return command;
}

/** A flag without its value, which may be a secret. */
function flagName(word: string): string {
  return word.replace(/=.*$/s, "");
}

function checkCount(got: number, { min, max }: { readonly min: number; readonly max: number }): void {
  if (got < min) throw new UsageError(`Not enough arguments (expected ${min}, got ${got})`);
  if (got > max) throw new UsageError(`Too many arguments (expected ${max}, got ${got})`);
}
