// SPDX-License-Identifier: Apache-2.0
/** `sealwright server`: from arguments to a running process and its end. */
import { loadConfig, type ServerConfig, withLastTry } from "./config/index.ts";
import { banner } from "./runtime/banner.ts";
import { type DevOptions, devConfig, devRun } from "./runtime/dev.ts";
import { createLog, type Log } from "./runtime/log.ts";
import { firstRun, quickstartConfig, unsealExisting } from "./runtime/quickstart.ts";
import { type RunningServer, startServer } from "./runtime/server.ts";
import { startState } from "./runtime/start-state.ts";
import { startupSentence } from "./runtime/startup-error.ts";

/** What the command line asks for. */
export interface ServerArguments {
  /** Files and folders behind `-config`. */
  readonly configPaths: readonly string[];
  /** Instead of `configPaths`: the configuration of `npm start`, which initialises itself. */
  readonly quickstart?: boolean;
  /** Instead of `configPaths`: in memory, unsealed, for trying things out. */
  readonly dev?: DevOptions;
  /** Wins over the configuration's. */
  readonly logLevel?: ServerConfig["log_level"];
  /** Log in even where one more wrong PIN locks a token. */
  readonly forceLastTry?: boolean;
}

/** The streams and variables that a server uses. */
export interface ServerIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void };
}

/** Resolves at the first of `signals`; a second one ends the process at once. */
function untilStopped(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.off(each, stop);
      resolve(signal);
    };
    for (const each of signals) process.on(each, stop);
  });
}

/** Without a configuration file there is nothing to reload: the hangup of a closed terminal is then the end. */
function hasFiles({ dev, quickstart }: ServerArguments): boolean {
  return dev === undefined && quickstart !== true;
}

/** Says what a sealed server waits for, and has its seals open it where they can. */
async function beginUnsealing({ store, unsealer }: RunningServer, log: Log): Promise<void> {
  const { state, reason } = await startState({ store });
  if (state === "waiting for a seal") void unsealer.run();
  else if (state !== "unsealed" && state !== "damaged") log.info(reason);
  else if (state === "damaged" && store.autoSealed) void unsealer.run();
}

async function serve(args: ServerArguments, io: ServerIo, config: ServerConfig, log: Log): Promise<void> {
  // Before anything is opened: a signal while the server starts must not leave it half open.
  const stopped = untilStopped(hasFiles(args) ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP"]);
  const server = await startServer(config, io.env, log, {
    beforeListening: args.quickstart ? unsealExisting : undefined,
    readSeals: hasFiles(args) ? () => loadConfig(args.configPaths, io.env).config.seal : undefined,
  });
  if (hasFiles(args)) process.on("SIGHUP", () => void reload(server, log));
  try {
    io.stdout.write(banner(config, server));
    io.stdout.write(await settle(args, server, log));
    log.info(`${await stopped}: sealing and stopping`);
  } finally {
    await server.stop();
  }
  log.info("stopped");
}

/** Brings a started server to where its kind of start leaves it; answers what to show of that. */
async function settle(args: ServerArguments, server: RunningServer, log: Log): Promise<string> {
  if (args.dev !== undefined) return devRun(server, args.dev);
  if (args.quickstart) return firstRun(server);
  await beginUnsealing(server, log);
  return "";
}

function configure(args: ServerArguments, env: ServerIo["env"]): ReturnType<typeof loadConfig> {
  if (args.dev !== undefined) return { config: devConfig(args.dev, env), warnings: [] };
  if (args.quickstart) return { config: quickstartConfig(env), warnings: [] };
  const { config, warnings } = loadConfig(args.configPaths, env);
  return { config: args.forceLastTry ? { ...config, seal: withLastTry(config.seal) } : config, warnings };
}

function tellNotReloaded(log: Log, what: string): (error: unknown) => void {
  return (error) => log.error(`not reloaded: ${what}${startupSentence(error) ?? (error as Error).message}`);
}

async function reload(server: RunningServer, log: Log): Promise<void> {
  const reloaded = () => log.info("reloaded certificates and the audit file");
  await server.reload().then(reloaded, tellNotReloaded(log, ""));
  await server.reloadSeals().catch(tellNotReloaded(log, "the seals stay as they were: "));
  // Unsealing ends at a refusal for good, such as a wrong PIN, which may be corrected now.
  if (server.unsealer.failure !== undefined) void server.unsealer.run();
}

/** Runs a server until it is told to stop. Answers the exit code: 0, or 1 when it could not start. */
export async function runServer(args: ServerArguments, io: ServerIo): Promise<number> {
  try {
    const { config, warnings } = configure(args, io.env);
    const log = createLog({
      level: args.logLevel ?? config.log_level,
      format: config.log_format,
      write: (line) => io.stderr.write(line),
    });
    for (const { message, at } of warnings) {
      log.warn(at === undefined ? message : `${at.file}:${at.line}:${at.column}: ${message}`);
    }
    await serve(args, io, config, log);
    return 0;
  } catch (error) {
    const sentence = startupSentence(error);
    if (sentence === undefined) throw error;
    io.stderr.write(`${sentence}\n`);
    return 1;
  }
}
