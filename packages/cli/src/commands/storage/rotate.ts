// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { UsageError } from "../../errors.ts";
import { say } from "../../io.ts";
import { keyStatusTable } from "../../views/key-status.ts";
import { offlineFlags, splitArguments, withOfflineStore } from "./open.ts";

const COMMAND = { operation: "update", path: "storage/rotate" } as const;

export const storageRotate = defineCommand({
  path: "storage rotate",
  synopsis: "Add a data key to a storage that no server holds",
  argumentsUsage: "[-]",
  argumentCount: { min: 0, max: 1 },
  description:
    "Opens the storage in memory and adds a key term in one batch, in the same formats and at the same paths as before, " +
    "so that whatever wrote the storage still opens it. What was written before stays readable.",
  examples: ["storage rotate -config=server.hcl"],
  flags: offlineFlags,
  async run({ flags, args, io }) {
    const { fromStdin, rest } = splitArguments(args);
    if (rest.length > 0) throw new UsageError(`Too many arguments (expected 0, got ${rest.length})`);
    return withOfflineStore({ ...flags, fromStdin }, io, COMMAND, async (store) => {
      const { term, installTime, encryptions } = await store.rotate();
      say(io, "Success! Rotated key\n");
      say(io, keyStatusTable({ term, install_time: installTime, encryptions }));
    });
  },
});
