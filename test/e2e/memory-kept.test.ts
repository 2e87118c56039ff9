// SPDX-License-Identifier: Apache-2.0
/** What a server has in memory, keys among it, gets out by no core dump and by no debugger. */
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { writeConfig } from "./config.ts";

let work: Workplace;
let server: ServerProcess;

beforeEach(async () => {
  work = await Workplace.open();
  server = await work.serve([await writeConfig(work, {})]);
});
afterEach(() => work.close());

test("a server writes no core dump", async () => {
  const limits = await readFile(`/proc/${server.command.pid}/limits`, "utf8");
  expect(limits).toMatch(/^Max core file size +0 +0 /m);
});

test("the signal that opens Node's debugger opens none", async () => {
  process.kill(server.command.pid as number, "SIGUSR1");
  expect((await fetch(`${server.url}/v1/sys/health`)).status).toBe(501);
  await server.stop();
  expect(server.output).not.toContain("Debugger");
});
