// SPDX-License-Identifier: Apache-2.0
import type { ExplainedValue } from "@sealwright/server";
import { defineCommand } from "../../command.ts";
import { CommandError, exitCode, UsageError } from "../../errors.ts";
import { choice, texts } from "../../flags/flag.ts";
import { say, warn } from "../../io.ts";
import { table } from "../../output/table.ts";

function from({ origin }: ExplainedValue): string {
  if (origin.from === "file") return `${origin.file}:${origin.line}`;
  return origin.from === "variable" ? `variable ${origin.name}` : "default";
}

export const configExplain = defineCommand({
  path: "config explain",
  synopsis: "Show every effective setting and where it came from, without a server",
  description:
    "Reads the configuration and the environment as the server would, and prints every value that is in effect with " +
    "where it came from: file and line, variable, or default. Secrets are shown as [secret]; settings without a value " +
    "are left out. What is accepted without effect is told on standard error. The exit code is 1 for a configuration " +
    "that the server would refuse.",
  examples: ["config explain -config=server.hcl", "config explain -config=server.hcl -format=json"],
  flags: {
    configs: texts({
      name: "config",
      usage: "The server's configuration: a file or folder; may be given several times.",
    }),
    format: choice({ name: "format", of: ["table", "json"], usage: "table or json." }),
  },
  async run({ flags, io }) {
    if (flags.configs.length === 0) throw new UsageError("No configuration: give the server's with -config.");
    const server = await import("@sealwright/server");
    try {
      const { values, warnings } = await server.explainConfig(flags.configs, io.env);
      for (const { message, at } of warnings)
        warn(io, `Warning: ${at === undefined ? message : server.placed(at, message)}`);
      say(
        io,
        flags.format === "json"
          ? JSON.stringify(values, null, 2)
          : table(
              ["Setting", "Value", "From"],
              values.map((each) => [each.setting, each.value, from(each)]),
            ),
      );
      return exitCode.ok;
    } catch (error) {
      const sentence = server.startupSentence(error);
      throw sentence === undefined ? error : new CommandError(sentence, exitCode.local);
    }
  },
});
