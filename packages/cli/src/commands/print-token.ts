// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { exitCode } from "../errors.ts";
import { currentToken } from "../http/token.ts";
import { say } from "../io.ts";

export const printToken = defineCommand({
  path: "print token",
  synopsis: "Print the token that commands use",
  description: "Prints the token from BAO_TOKEN or VAULT_TOKEN, else the one that login stored. Nothing is sent.",
  flags: {},
  async run({ io }) {
    const token = currentToken(io.env);
    if (token !== undefined) say(io, token);
    return exitCode.ok;
  },
});
