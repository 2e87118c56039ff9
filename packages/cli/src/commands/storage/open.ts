// SPDX-License-Identifier: Apache-2.0
import type { OfflineStore, ShareSource } from "@sealwright/server";
import { CommandError, exitCode, UsageError } from "../../errors.ts";
import { type FlagSet, texts } from "../../flags/flag.ts";
import { type Io, warn } from "../../io.ts";

/** The flags of every offline command. */
export const offlineFlags = {
  configs: texts({
    name: "config",
    usage: "The server's configuration: a file or folder; may be given several times.",
  }),
  keys: texts({ name: "key", usage: "An unseal key share; give as many as the threshold. Better: the prompt, or -." }),
} satisfies FlagSet;

const BYPASS = "Warning: this reads and writes the storage itself, past tokens and policies.";

/** Shares from `-key`, else from standard input where an argument is `-`, else from the hidden prompt. */
function shareSource(keys: readonly string[], fromStdin: boolean, io: Io): ShareSource {
  let lines: Promise<string[]> | undefined;
  return async (given, threshold) => {
    if (keys.length > 0) return keys[given] ?? tooFew(given, threshold);
    if (!fromStdin) return (await io.promptHidden(`Unseal Key ${given + 1} of ${threshold} (will be hidden): `)).trim();
    lines ??= io.readStdin().then((text) => text.split(/\s+/).filter((line) => line !== ""));
    return (await lines)[given] ?? tooFew(given, threshold);
  };
}

function tooFew(given: number, threshold: number): never {
  throw new UsageError(`This storage needs ${threshold} unseal key shares, and ${given} were given.`);
}

/** What an offline command works with. */
export interface OfflineCall {
  readonly configs: readonly string[];
  readonly keys: readonly string[];
  /** Whether shares come one per line on standard input. */
  readonly fromStdin: boolean;
}

/** Opens the storage, hands it to `work`, and closes it. Throws `CommandError` with the reason when it cannot. */
export async function withOfflineStore(
  call: OfflineCall,
  io: Io,
  work: (store: OfflineStore) => Promise<void>,
): Promise<number> {
  if (call.configs.length === 0) throw new UsageError("No configuration: give the server's with -config.");
  const { createLog, openOffline, startupSentence } = await import("@sealwright/server");
  warn(io, BYPASS);
  const log = createLog({ level: "warn", format: "standard", write: (line) => io.stderr.write(line) });
  try {
    const store = await openOffline({
      configPaths: call.configs,
      env: io.env,
      shares: shareSource(call.keys, call.fromStdin, io),
      log,
    });
    try {
      await work(store);
    } finally {
      await store.close();
    }
    return exitCode.ok;
  } catch (error) {
    const sentence = startupSentence(error);
    throw sentence === undefined ? error : new CommandError(sentence, exitCode.local);
  }
}

/** Takes the `-` that asks for shares on standard input out of the arguments. */
export function splitArguments(args: readonly string[]): { fromStdin: boolean; rest: readonly string[] } {
  return { fromStdin: args.includes("-"), rest: args.filter((each) => each !== "-") };
}
