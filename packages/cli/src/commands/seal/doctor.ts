// SPDX-License-Identifier: Apache-2.0
import type { SealReport } from "@sealwright/server";
import { defineCommand } from "../../command.ts";
import { CommandError, exitCode, UsageError } from "../../errors.ts";
import { choice, texts, toggle } from "../../flags/flag.ts";
import { say } from "../../io.ts";
import { doctorView, worstStatus } from "../../views/doctor.ts";

/** The exit code of each outcome. */
const EXIT = { ok: 0, warning: 1, failed: 2 } as const;

export const sealDoctor = defineCommand({
  path: "seal doctor",
  synopsis: "Look at the configured seals and try them, without a server",
  description:
    "Loads each configured seal as the server would, prints what is found (for an HSM: library, tokens, mechanisms, " +
    "the keys that match with their attributes), wraps and unwraps 20 times with timing, and ends with a table of " +
    "checks and what to do. It touches no storage and makes no key. A PIN is tried once, and not at all where one " +
    "more wrong one would lock the token. The exit code is 0 when all is well, 1 with warnings, 2 when a check failed.",
  examples: ["seal doctor -config=server.hcl", "seal doctor -config=server.hcl -format=json"],
  flags: {
    configs: texts({
      name: "config",
      usage: "The server's configuration: a file or folder; may be given several times.",
    }),
    format: choice({ name: "format", of: ["table", "json"], usage: "table or json." }),
    forceLastTry: toggle({
      name: "force-last-try",
      usage: "Log in even where one more wrong PIN locks the token.",
    }),
  },
  async run({ flags, io }) {
    if (flags.configs.length === 0) throw new UsageError("No configuration: give the server's with -config.");
    const server = await import("@sealwright/server");
    const log = server.createLog({ level: "warn", format: "standard", write: (line) => io.stderr.write(line) });
    let reports: SealReport[];
    try {
      reports = await server.diagnoseSeals({
        configPaths: flags.configs,
        env: io.env,
        log: (level, message) => log[level](message),
        forceLastTry: flags.forceLastTry,
      });
    } catch (error) {
      const sentence = server.startupSentence(error);
      throw sentence === undefined ? error : new CommandError(sentence, exitCode.server);
    }
    const status = worstStatus(reports);
    say(io, flags.format === "json" ? JSON.stringify({ status, seals: reports }, null, 2) : doctorView(reports));
    return EXIT[status];
  },
});
