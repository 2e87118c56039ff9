// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { UsageError } from "../../errors.ts";
import { say } from "../../io.ts";
import { paragraph } from "../../output/wrap.ts";
import { offlineFlags, splitArguments, withOfflineStore } from "./open.ts";

const COMMAND = { operation: "update", path: "storage/unwrap" } as const;

const AFTER =
  "OpenBao and Vault without seal wrap open the storage now. A Sealwright server wraps these entries again at its next " +
  "unseal, unless disable_sealwrap is true in its configuration.";

export const storageUnwrap = defineCommand({
  path: "storage unwrap",
  synopsis: "Take the seal's second layer off a storage, for OpenBao",
  argumentsUsage: "[-]",
  argumentCount: { min: 0, max: 1 },
  description:
    "Opens the storage in memory and writes every seal-wrapped entry without the seal's layer, in one batch, as OpenBao " +
    "reads it. The keys stay the same. A storage without such entries is left as it is.",
  examples: ["storage unwrap -config=server.hcl"],
  flags: offlineFlags,
  async run({ flags, args, io }) {
    const { fromStdin, rest } = splitArguments(args);
    if (rest.length > 0) throw new UsageError(`Too many arguments (expected 0, got ${rest.length})`);
    return withOfflineStore({ ...flags, fromStdin }, io, COMMAND, async (store) => {
      const paths = await store.unwrap();
      if (paths.length === 0) {
        say(io, "Nothing is seal-wrapped: the storage is as it was.");
        return;
      }
      say(io, "Success! Unwrapped:");
      for (const path of paths) say(io, `  ${path}`);
      say(io, "");
      say(io, paragraph(AFTER));
    });
  },
});
