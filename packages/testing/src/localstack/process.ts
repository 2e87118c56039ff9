// SPDX-License-Identifier: Apache-2.0
/** A LocalStack that runs: KMS, STS and IAM on a port of the loopback, its state in a folder that goes with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findLocalStack, type LocalStackInstallation } from "./installation.ts";

const PATIENCE_MS = 60_000;

// Whoever started it may be killed, which the end of standard input tells: then nobody else removes the folder.
const PROGRAM = `import os, runpy, shutil, sys, threading
def watch():
    sys.stdin.buffer.read()
    shutil.rmtree(os.environ["FILESYSTEM_ROOT"], ignore_errors=True)
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
runpy.run_module("localstack.runtime.main", run_name="__main__")
`;

/** A LocalStack that runs. */
export interface LocalStackProcess {
  readonly port: number;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * `wanted`, or a free port where that is 0. Rejects where somebody else has it: their answers would be taken for ours.
 */
async function claimPort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, "127.0.0.1");
  await once(server, "listening").catch((cause: unknown) => {
    throw new Error(`LocalStack cannot have port ${wanted}: something else listens there`, { cause });
  });
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function launch({ python, packages }: LocalStackInstallation, port: number, folder: string): ChildProcess {
  return spawn(python, ["-c", PROGRAM], {
    cwd: folder,
    stdio: ["pipe", "ignore", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      PYTHONPATH: packages,
      // The default server listens on all interfaces.
      GATEWAY_SERVER: "hypercorn",
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      SERVICES: "kms,sts,iam",
      FILESYSTEM_ROOT: folder,
      OVERRIDE_IN_DOCKER: "false",
      SKIP_SSL_CERT_DOWNLOAD: "1",
      DISABLE_EVENTS: "1",
      DNS_ADDRESS: "0",
    },
  });
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/_localstack/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/**
 * Starts the installed LocalStack on `wanted`, a free port where that is 0. Rejects where it is not installed or the
 * port is taken, and with what it said where it does not start.
 */
export async function startLocalStackProcess(wanted: number): Promise<LocalStackProcess> {
  const installation = findLocalStack();
  if (installation === undefined) throw new Error("LocalStack is not installed: run npm test once, which does it");
  const port = await claimPort(wanted);
  const folder = await mkdtemp(join(tmpdir(), "sealwright-localstack-"));
  const child = launch(installation, port, folder);
  const gone = once(child, "close");
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await answers(port))) {
    if (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      await pause(50);
      continue;
    }
    await stop();
    throw new Error(`LocalStack did not start on port ${port}:\n${said}`);
  }
  return { port, stop };
}
