// SPDX-License-Identifier: Apache-2.0
// `npm start`: installs and builds what is missing, makes the first run's key and configuration, and becomes the server.
// Runs on the Node that happens to be installed (20 or newer) and uses nothing but its standard library.
import { spawn } from "node:child_process";
import { prepare } from "./prepare.mjs";

const { node, root } = prepare();
const server = spawn(
  node,
  // No debugger at a signal: the server's memory holds keys.
  [
    "--disable-sigusr1",
    `${root}/packages/cli/dist-bundle/sealwright.mjs`,
    "server",
    "-quickstart",
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: "inherit",
  },
);
// A terminal sends Ctrl-C to the whole group, so the server gets its own, and a second one would end it at once; anybody
// else signals this process or npm alone. Either way this process waits for the server to end.
const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => terminal || server.kill(signal));
process.on("SIGTERM", () => server.kill("SIGTERM"));
server.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
