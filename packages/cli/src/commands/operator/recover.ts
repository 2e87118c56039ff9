// SPDX-License-Identifier: Apache-2.0
import type { Recovery } from "@sealwright/server";
import { defineCommand } from "../../command.ts";
import { exitCode, UsageError } from "../../errors.ts";
import { choice, text } from "../../flags/flag.ts";
import { type Io, say, warn } from "../../io.ts";
import { paragraph } from "../../output/wrap.ts";
import { commandName } from "../../product.ts";
import { offline, offlineFlags, splitArguments } from "../storage/open.ts";

const AFTER =
  "A new root key and a new data key were made: the seals that it had before open it no more, and open older backups as " +
  "ever. Start the server with this configuration now.";

const LOST =
  `The recovery shares are worth nothing any more: only a seal that is gone knew their key. Make new ones with ` +
  `"${commandName} operator rotate-keys -target=recovery -init".`;

function tell(io: Io, { seals, openedBy, recoveryShares }: Recovery): void {
  say(io, `Success! The shares of ${openedBy} opened the storage, and these seals open it now: ${seals.join(", ")}\n`);
  say(io, paragraph(AFTER));
  if (recoveryShares === "lost") warn(io, paragraph(LOST));
}

export const operatorRecover = defineCommand({
  path: "operator recover",
  synopsis: "Open a storage or its backup by officers' shares, and give it to other seals",
  argumentsUsage: "[-]",
  argumentCount: { min: 0, max: 1 },
  description:
    "For when the seals are gone: a storage that no server holds, which may be one put back from a backup, is opened by a " +
    "threshold of shares that may open it (break-glass keys, recovery keys where recovery_keys_unseal is on, or unseal " +
    "keys), and given to the seals of the configuration, which may be new ones: each proves itself, then one write gives " +
    "them a new root key and adds a key term. The shares are asked for at the prompt, or read one per line from standard " +
    "input with -.",
  examples: ["operator recover -config=new.hcl", "operator recover -config=new.hcl -seal=officers - < shares.txt"],
  flags: {
    ...offlineFlags,
    seal: text({
      name: "seal",
      placeholder: "name",
      usage: "Whose shares are given, where several kinds open the storage.",
    }),
    format: choice({ name: "format", of: ["table", "json"], usage: "table or json." }),
  },
  async run({ flags, args, io }) {
    const { fromStdin, rest } = splitArguments(args);
    if (rest.length > 0) throw new UsageError(`Too many arguments (expected 0, got ${rest.length})`);
    const recovery = await offline({ ...flags, fromStdin }, io, (options, server) =>
      server.recoverStorage({ ...options, sealName: flags.seal }),
    );
    if (flags.format === "json") {
      const { seals, openedBy, recoveryShares } = recovery;
      say(io, JSON.stringify({ seals, opened_by: openedBy, recovery_shares: recoveryShares }, null, 2));
    } else tell(io, recovery);
    return exitCode.ok;
  },
});
