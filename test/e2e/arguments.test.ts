// SPDX-License-Identifier: Apache-2.0
/** What other users of a machine see of a command in the list of processes. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RunningCommand, Workplace } from "../support/command.ts";
import { commandLineOf } from "./processes.ts";

let work: Workplace;
let asked: Promise<void>;
let server: Server;

beforeEach(async () => {
  work = await Workplace.open();
  const { promise, resolve } = Promise.withResolvers<void>();
  asked = promise;
  // It takes a request and never answers, so that the command stays in the list while we look.
  server = createServer(() => resolve());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await work.close();
});

const SHARE = "5a".repeat(33);

test.each([
  { what: "an unseal key share", args: ["operator", "unseal", SHARE] },
  { what: "a share for a rekey", args: ["operator", "rekey", "-nonce=n", SHARE] },
  { what: "a secret's value", args: ["kv", "put", "-mount=secret", "app", `password=${SHARE}`] },
  { what: "a token", args: ["token", "revoke", SHARE] },
])("$what given as an argument does not stand in the list of processes", async ({ args }) => {
  const { port } = server.address() as AddressInfo;
  const env = { VAULT_ADDR: `http://127.0.0.1:${port}`, VAULT_TOKEN: "s.root" };
  const command = new RunningCommand(args, { cwd: work.folder, env });
  try {
    await asked;
    const shown = await commandLineOf(command.pid);
    expect(shown).toMatch(/sealwright/);
    expect(shown).not.toContain(SHARE.slice(0, 8));
  } finally {
    command.child.kill("SIGKILL");
    await command.finished;
  }
});
