// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { choice, text, texts, toggle } from "../flags/flag.ts";

export const server = defineCommand({
  path: "server",
  synopsis: "Run a server",
  description:
    "Runs a server with the given configuration until it is told to stop, or with -dev one that keeps everything in " +
    "memory, is unsealed from the start and forgets it all when it ends.",
  examples: ["server -config=/etc/sealwright/server.hcl", "server -dev"],
  flags: {
    configs: texts({
      name: "config",
      usage: "A configuration file or a folder of them (.hcl, .json); may be given several times.",
    }),
    quickstart: toggle({
      name: "quickstart",
      usage: "Use the configuration of npm start: LMDB in ./data, a key in ./keys, initialised at the first run.",
    }),
    dev: toggle({ name: "dev", usage: "Run in memory, unsealed, for trying things out. Never for real secrets." }),
    devRootTokenId: text({ name: "dev-root-token-id", usage: "With -dev: the root token, instead of a random one." }),
    devListenAddress: text({
      name: "dev-listen-address",
      placeholder: "host:port",
      usage: "With -dev: where to listen. Default: 127.0.0.1:8200.",
    }),
    logLevel: choice({
      name: "log-level",
      of: ["trace", "debug", "info", "warn", "error", "off"],
      usage: "How much to log: trace, debug, info, warn, error or off. It wins over the configuration's log_level.",
    }),
    forceLastTry: toggle({
      name: "force-last-try",
      usage: "With -config: log in to an HSM even where one more wrong PIN locks its token. For one start.",
    }),
  },
  async run({ flags, io }) {
    const ways = [flags.configs.length > 0, flags.dev, flags.quickstart].filter(Boolean).length;
    if (ways === 0) throw new UsageError("No configuration: give one with -config, or try -dev.");
    if (ways > 1) throw new UsageError("-config, -dev and -quickstart are three ways to configure: use one of them.");
    if (!flags.dev && (flags.devRootTokenId !== undefined || flags.devListenAddress !== undefined)) {
      throw new UsageError("-dev-root-token-id and -dev-listen-address are for -dev only.");
    }
    if (flags.forceLastTry && flags.configs.length === 0) {
      throw new UsageError("-force-last-try is for -config only: the others use no HSM.");
    }
    const { runServer } = await import("@sealwright/server");
    return runServer(
      {
        configPaths: flags.configs,
        quickstart: flags.quickstart,
        forceLastTry: flags.forceLastTry,
        ...(flags.logLevel !== undefined && { logLevel: flags.logLevel }),
        ...(flags.dev && {
          dev: {
            ...(flags.devRootTokenId !== undefined && { rootTokenId: flags.devRootTokenId }),
            ...(flags.devListenAddress !== undefined && { listenAddress: flags.devListenAddress }),
          },
        }),
      },
      io,
    );
  },
});
