// SPDX-License-Identifier: Apache-2.0
/** OpenBao (`BAO_BIN`) unseals through our transit engine, and Sealwright opens what OpenBao wrote under that seal. */
import { mkdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RemoteServer, startRemote } from "../../plugins/transit/test/support/remote-server.ts";
import { RunningCommand, Workplace } from "../support/command.ts";
import { freePort } from "../support/free-port.ts";

const bao = process.env.BAO_BIN;

describe.skipIf(bao === undefined)("OpenBao with a transit seal at our server", () => {
  let remote: RemoteServer;
  let work: Workplace;
  let address: string;
  let running: RunningCommand | undefined;

  const run = (args: readonly string[]): RunningCommand =>
    new RunningCommand(args, { cwd: work.folder, env: { BAO_ADDR: address }, program: bao ?? "" });

  async function start(): Promise<void> {
    running = run(["server", "-config=bao.hcl"]);
    await running.until(/server started!/);
  }

  async function stop(): Promise<void> {
    running?.child.kill("SIGTERM");
    await running?.finished;
  }

  async function unsealed(): Promise<void> {
    const sealed = async () =>
      ((await (await fetch(`${address}/v1/sys/seal-status`)).json()) as { sealed: boolean }).sealed;
    await expect.poll(sealed, { timeout: 15_000 }).toBe(false);
  }

  const seal = () => `seal "transit" {
  address         = "${remote.url}"
  token           = "${remote.stanza.token}"
  mount_path      = "transit/"
  key_name        = "autounseal"
  disable_renewal = "false"
}
`;

  beforeAll(async () => {
    [remote, work] = await Promise.all([startRemote(), Workplace.open()]);
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    await mkdir(work.path("data"));
    const listener = `listener "tcp" {\n  address     = "127.0.0.1:${port}"\n  tls_disable = true\n}\n`;
    await writeFile(work.path("bao.hcl"), `storage "file" {\n  path = "./data"\n}\n${listener}${seal()}`);
    const free = listener.replace(String(port), "0");
    await writeFile(work.path("server.hcl"), `storage "file" {\n  path = "./data"\n}\n${free}${seal()}`);
  });
  afterAll(async () => {
    await stop();
    await work.close();
    await remote.server.stop();
  });

  test("is initialised and unsealed", async () => {
    await start();
    const init = ["operator", "init", "-recovery-shares=1", "-recovery-threshold=1", "-format=json"];
    expect(await run(init).finished).toMatchObject({ code: 0 });
    await unsealed();
  });

  test("unseals by itself after a restart, also when the key was rotated", async () => {
    await remote.ask("POST", "transit/keys/autounseal/rotate");
    await stop();
    await start();
    await unsealed();
    await stop();
  });

  test("leaves a directory that Sealwright unseals through the same key", async () => {
    const server = await work.serve(["-config=server.hcl"]);
    await server.command.until(/unsealed by the auto seal/);
    expect((await server.stop()).code).toBe(0);
  });
});
