// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { exitCode } from "../errors.ts";
import { say } from "../io.ts";
import { commandVersion, productName } from "../product.ts";

export const version = defineCommand({
  path: "version",
  synopsis: "Show the version of this command",
  description: "Prints the version of this command. The server's version is shown by status.",
  flags: {},
  async run({ io }) {
    say(io, `${productName} v${commandVersion}`);
    return exitCode.ok;
  },
});
