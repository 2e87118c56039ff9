// SPDX-License-Identifier: Apache-2.0
import type { OfflineCommand, OfflineOptions, OfflineStore, ShareRequest, ShareSource } from "@sealwright/server";
import { CommandError, exitCode, UsageError } from "../../errors.ts";
import { type FlagSet, texts } from "../../flags/flag.ts";
import { enterKey } from "../../input/key-entry.ts";
import { type Io, warn } from "../../io.ts";

/** The flags of every offline command. */
export const offlineFlags = {
  configs: texts({
    name: "config",
    usage: "The server's configuration: a file or folder; may be given several times.",
  }),
  keys: texts({
    name: "key",
    usage: "A key share; give as many as the threshold. Better: the prompt, or -.",
  }),
} satisfies FlagSet;

const BYPASS = "Warning: this reads and writes the storage itself, past tokens and policies.";

const NO_TERMINAL =
  "Key shares are asked for at a terminal, and standard input is none. Give them on standard input, one per line, with " +
  "- as an argument.";

/** In place of a share, as an argument or behind `-key`. */
const STDIN = "-";

const NAMES = { unseal: "Unseal Key", recovery: "Recovery Key", "break-glass": "Break-Glass Key" } as const;

/** Shares from `-key`, or from standard input where an argument or a `-key` is `-`, else from the hidden prompt. */
function shareSource(call: OfflineCall, io: Io): ShareSource {
  const keys = call.keys.filter((each) => each !== STDIN);
  const fromStdin = call.fromStdin || keys.length < call.keys.length;
  if (fromStdin && keys.length > 0) {
    throw new UsageError("Give the key shares with -key or on standard input (-), not by both.");
  }
  let lines: Promise<string[]> | undefined;
  return async (request) => {
    const { kind, given, threshold } = request;
    if (keys.length > 0) return keys[given] ?? tooFew(request);
    if (!fromStdin) {
      const prompt = `${NAMES[kind]} ${given + 1} of ${threshold} (will be hidden): `;
      return enterKey(undefined, io, { prompt, noTerminal: NO_TERMINAL, nonInteractive: false });
    }
    lines ??= io.readStdin().then((text) => text.split(/\s+/).filter((line) => line !== ""));
    return (await lines)[given] ?? tooFew(request);
  };
}

function tooFew({ kind, given, threshold }: ShareRequest): never {
  throw new UsageError(`This storage needs ${threshold} ${kind} key shares, and was given ${given}.`);
}

/** What an offline command works with. */
export interface OfflineCall {
  readonly configs: readonly string[];
  readonly keys: readonly string[];
  /** Whether shares come one per line on standard input. */
  readonly fromStdin: boolean;
}

/** Does offline `work` with what it needs. Throws `CommandError` with the reason when it cannot. */
export async function offline<T>(
  call: OfflineCall,
  io: Io,
  work: (options: OfflineOptions, server: typeof import("@sealwright/server")) => Promise<T>,
): Promise<T> {
  if (call.configs.length === 0) throw new UsageError("No configuration: give the server's with -config.");
  const server = await import("@sealwright/server");
  warn(io, BYPASS);
  const log = server.createLog({ level: "warn", format: "standard", write: (line) => io.stderr.write(line) });
  try {
    return await work({ configPaths: call.configs, env: io.env, shares: shareSource(call, io), log }, server);
  } catch (error) {
    const sentence = server.startupSentence(error);
    throw sentence === undefined ? error : new CommandError(sentence, exitCode.local);
  }
}

/** Opens the storage, hands it to `work`, and closes it. Throws as `offline`. */
export async function withOfflineStore(
  call: OfflineCall,
  io: Io,
  command: OfflineCommand,
  work: (store: OfflineStore) => Promise<void>,
): Promise<number> {
  await offline(call, io, (options, server) => server.withOfflineStore(options, command, work));
  return exitCode.ok;
}

/** Takes the `-` that asks for shares on standard input out of the arguments. */
export function splitArguments(args: readonly string[]): { fromStdin: boolean; rest: readonly string[] } {
  return { fromStdin: args.includes(STDIN), rest: args.filter((each) => each !== STDIN) };
}
