// SPDX-License-Identifier: Apache-2.0
/** A host to be killed: opens the fake in a process, gives it the command in its argument, and tells the process's pid. */
import { openIsolated } from "../../src/index.ts";

const module = new URL("./fake-plugin.ts", import.meta.url).href;
const seal = await openIsolated({
  type: "fake",
  module,
  config: {},
  env: process.env,
  withhold: [],
  log: () => undefined,
});
const { ciphertext } = await seal.wrap(Buffer.from("pid"));
void seal.wrap(Buffer.from(process.argv[2] ?? "slow 60000"));
process.stdout.write(`${Buffer.from(ciphertext).toString()}\n`);
