// SPDX-License-Identifier: Apache-2.0
/** The hangup of a closed terminal: what was started without a configuration file ends with it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Workplace } from "../support/command.ts";

let work: Workplace;

beforeEach(async () => {
  work = await Workplace.open();
});

afterEach(() => work.close());

test("seals and ends a server in memory with exit code 0, since it has nothing to reload", async () => {
  const server = await work.serve(["-dev", "-dev-listen-address=127.0.0.1:0"]);
  const ended = await server.stop("SIGHUP");
  expect(ended.code).toBe(0);
  expect(ended.stderr).toMatch(/SIGHUP: sealing and stopping\n.*stopped\n$/);
  expect(ended.stderr).not.toContain("reloaded");
});
