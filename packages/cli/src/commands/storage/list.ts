// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { UsageError } from "../../errors.ts";
import { choice } from "../../flags/flag.ts";
import { say } from "../../io.ts";
import { offlineFlags, splitArguments, withOfflineStore } from "./open.ts";

const COMMAND = { operation: "list", path: "storage/list" } as const;

export const storageList = defineCommand({
  path: "storage list",
  synopsis: "List the entries of a storage that no server holds",
  argumentsUsage: "[-] [PREFIX]",
  argumentCount: { min: 0, max: 2 },
  description:
    "Opens the storage in memory and prints the path of every entry below PREFIX, one per line. An auto seal opens it " +
    "by itself; unseal key shares are asked for at the prompt, or read one per line from standard input with -.",
  examples: ["storage list -config=server.hcl", "storage list -config=server.hcl - logical/ < shares.txt"],
  flags: { ...offlineFlags, format: choice({ name: "format", of: ["table", "json"], usage: "table or json." }) },
  async run({ flags, args, io }) {
    const { fromStdin, rest } = splitArguments(args);
    if (rest.length > 1) throw new UsageError(`Too many arguments (expected 1, got ${rest.length})`);
    const [given = ""] = rest;
    const prefix = given === "" || given.endsWith("/") ? given : `${given}/`;
    return withOfflineStore({ ...flags, fromStdin }, io, COMMAND, async (store) => {
      const paths: string[] = [];
      for await (const path of store.list(prefix)) {
        if (flags.format === "json") paths.push(path);
        else say(io, path);
      }
      if (flags.format === "json") say(io, JSON.stringify(paths, null, 2));
    });
  },
});
