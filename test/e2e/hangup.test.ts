// SPDX-License-Identifier: Apache-2.0
/** A hangup: what was started without a configuration file ends with it, and anything else reads its configuration. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Workplace } from "../support/command.ts";
import { staticSeal, writeConfig } from "./config.ts";

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

test("has a server with a configuration file read its seals anew, and go on with those it had where they are wrong", async () => {
  await writeFile(work.path("seal.key"), randomBytes(32).toString("hex"));
  await writeFile(work.path("spare.key"), randomBytes(32).toString("hex"));
  const seal = staticSeal("./seal.key");
  const spare = staticSeal("./spare.key").replace("{\n", '{\n  name = "spare"\n');
  const server = await work.serve([await writeConfig(work, { seal })]);
  const hangUp = () => server.command.child.kill("SIGHUP");
  await writeConfig(work, { seal: `${seal}seal "stattic" {}\n` });
  hangUp();
  await server.command.until(/not reloaded: the seals stay as they were: there is no seal of type "stattic"/);
  await writeConfig(work, { seal: seal + spare });
  hangUp();
  await server.command.until(/the seal "spare" is configured: it holds nothing before operator seal add spare/);
  expect((await work.run(["operator", "init", `-address=${server.url}`, "-accept-weaker"])).code).toBe(0);
});
