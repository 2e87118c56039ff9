// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { CommandError, exitCode, UsageError } from "../../errors.ts";
import { choice } from "../../flags/flag.ts";
import { say } from "../../io.ts";
import { offline, offlineFlags, splitArguments } from "./open.ts";

function asJson(path: string, value: Uint8Array): string {
  const bytes = Buffer.from(value);
  const text = bytes.toString("utf8");
  const isText = Buffer.from(text, "utf8").equals(bytes);
  return JSON.stringify({ path, value: bytes.toString("base64"), ...(isText ? { text } : {}) }, null, 2);
}

const COMMAND = { operation: "read", path: "storage/get" } as const;

export const storageGet = defineCommand({
  path: "storage get",
  synopsis: "Decrypt one entry of a storage that no server holds",
  argumentsUsage: "[-] PATH",
  argumentCount: { min: 1, max: 2 },
  description:
    "Opens the storage in memory and writes what stands at PATH, decrypted by whatever protects it: data key, root key " +
    "or seal. What is kept in the clear, such as a backup of PGP-encrypted shares, needs no share. raw writes the bytes as they are, base64 one line, json an object with value (base64) and, where it is " +
    "UTF-8, text.",
  examples: [
    "storage get -config=server.hcl core/keyring",
    "storage get -config=server.hcl - core/mounts < shares.txt",
  ],
  flags: {
    ...offlineFlags,
    format: choice({ name: "format", of: ["raw", "base64", "json"], usage: "raw (unless given), base64 or json." }),
  },
  async run({ flags, args, io }) {
    const { fromStdin, rest } = splitArguments(args);
    const [path] = rest;
    if (path === undefined || rest.length > 1) throw new UsageError("Give the path of one entry.");
    const value = await offline({ ...flags, fromStdin }, io, (options, server) =>
      server.isPlain(path)
        ? server.readPlainEntry(options, path)
        : server.withOfflineStore(options, COMMAND, (store) => store.read(path)),
    );
    if (value === undefined) throw new CommandError(`There is no entry at ${path}.`, exitCode.local);
    if (flags.format === "json") say(io, asJson(path, value));
    else if (flags.format === "base64") say(io, Buffer.from(value).toString("base64"));
    else io.stdout.write(value);
    return exitCode.ok;
  },
});
