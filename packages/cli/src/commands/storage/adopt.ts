// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { exitCode, UsageError } from "../../errors.ts";
import { choice } from "../../flags/flag.ts";
import { say, warn } from "../../io.ts";
import { paragraph } from "../../output/wrap.ts";
import { offline, offlineFlags, splitArguments } from "./open.ts";

const BEFORE =
  "This adds entries below sealwright/, in one batch, and changes nothing else: every entry of the program that wrote " +
  "the storage stays as it is, byte for byte, and that program ignores what is added. That program must be stopped: " +
  "two programs that write to one storage destroy it.";
const AFTER =
  "Keep the token safe: it is shown this once, and may do everything. A server on this storage writes to it from now " +
  "on. It has tokens, policies and mounts of its own, none of them taken over: what OpenBao or Vault keeps in key/value " +
  "engines stays encrypted in the storage and is not served; storage get reads it.";

export const storageAdopt = defineCommand({
  path: "storage adopt",
  synopsis: "Make a storage of OpenBao or Vault Sealwright's own",
  argumentsUsage: "[-]",
  argumentCount: { min: 0, max: 1 },
  description:
    "Makes a storage that OpenBao or Vault wrote, and that is only read until then, Sealwright's own, and prints one " +
    "new root token. Those who hold its shares must allow it: unseal keys, or recovery keys where a seal unseals. They " +
    "are asked for at the prompt, or read one per line from standard input with -.",
  examples: ["storage adopt -config=server.hcl", "storage adopt -config=server.hcl - < shares.txt"],
  flags: { ...offlineFlags, format: choice({ name: "format", of: ["table", "json"], usage: "table or json." }) },
  async run({ flags, args, io }) {
    const { fromStdin, rest } = splitArguments(args);
    if (rest.length > 0) throw new UsageError(`Too many arguments (expected 0, got ${rest.length})`);
    const { rootToken, paths } = await offline({ ...flags, fromStdin }, io, (options, server) => {
      warn(io, paragraph(BEFORE));
      return server.adoptStorage(options);
    });
    if (flags.format === "json") {
      say(io, JSON.stringify({ root_token: rootToken, paths }, null, 2));
      return exitCode.ok;
    }
    say(io, "Success! Adopted the storage. Written:");
    for (const path of paths) say(io, `  ${path}`);
    say(io, "");
    say(io, `Root Token: ${rootToken}`);
    say(io, "");
    say(io, paragraph(AFTER));
    return exitCode.ok;
  },
});
