// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { defineCommand } from "../../command.ts";
import { exitCode, UsageError } from "../../errors.ts";
import { text } from "../../flags/flag.ts";
import { say } from "../../io.ts";
import { writePackage } from "../../plugin/template.ts";

const LONGEST_NAME = 50;

/** The name of a seal's type and of its package, which npm has a say in. */
function checkName(name: string): void {
  if (name.length <= LONGEST_NAME && /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return;
  throw new UsageError(
    `${JSON.stringify(name)} is no name for a seal: expected at most ${LONGEST_NAME} lower-case letters and digits, a ` +
      "letter first, - between words",
  );
}

function refusalOf(cause: unknown, folder: string): UsageError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
  if (code === "EEXIST") {
    return new UsageError(`${folder} is there already, and nothing was written: give another folder with -dir`);
  }
  if (code === "ENOENT") return new UsageError(`${folder} cannot be made: the folder that it is to be in is not there`);
  return new UsageError(`${folder} cannot be written: ${code ?? String(cause)}`, { cause });
}

export const pluginNew = defineCommand({
  path: "plugin new",
  synopsis: "Write a package for a seal of your own",
  argumentsUsage: "NAME",
  argumentCount: { min: 1, max: 1 },
  description:
    "Writes a package for the seal of a KMS that Sealwright does not know: its settings, its table of errors, wrap and " +
    "unwrap, the plugin, and the tests that every seal passes. It works as it is, with a small KMS in its tests; put " +
    "your KMS's SDK in place of src/client.ts. CONTRIBUTING.md goes through it step by step.",
  examples: ["plugin new acme", "plugin new -dir=examples/acme acme"],
  flags: { dir: text({ name: "dir", usage: "The folder to make: NAME unless given.", placeholder: "path" }) },
  async run({ flags, args: [name = ""], io }) {
    checkName(name);
    const { SEAL_TYPES } = await import("@sealwright/server");
    if (SEAL_TYPES.includes(name)) {
      throw new UsageError(`The ${name} seal comes with Sealwright: give the new one another name`);
    }
    const folder = flags.dir ?? name;
    const files = await writePackage(folder, name).catch((cause: unknown) => {
      throw refusalOf(cause, folder);
    });
    say(io, `Success! Wrote the package sealwright-seal-${name}:`);
    for (const file of files) say(io, `  ${join(folder, file)}`);
    say(io, "\nNext, in that folder: npm install, npm test, then your KMS's SDK in place of src/client.ts.");
    return exitCode.ok;
  },
});
