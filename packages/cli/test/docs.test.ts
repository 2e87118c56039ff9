// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commandRegistry } from "../src/commands/index.ts";
import { cli } from "./support/fake-io.ts";
import { reference } from "./support/reference.ts";

const DOCUMENT = fileURLToPath(new URL("../../../docs/cli.md", import.meta.url));
const [BEGIN, END] = ["<!-- commands, made from the declarations -->\n", "<!-- end of commands -->"];

/** The formatter pads the columns of tables and removes empty lines. */
function withoutLayout(text: string): string {
  return text
    .replace(/ +\|/g, " |")
    .replace(/-{3,}/g, "---")
    .replace(/\n{2,}/g, "\n");
}

describe("docs/cli.md", () => {
  it("lists every command with its flags as they are declared (vitest -u writes it anew)", async () => {
    const text = readFileSync(DOCUMENT, "utf8");
    const [start, stop] = [text.indexOf(BEGIN), text.indexOf(END)];
    expect(start).toBeGreaterThan(0);
    expect(stop).toBeGreaterThan(start);
    const expected = `${text.slice(0, start + BEGIN.length)}\n${reference(commandRegistry.commands)}\n${text.slice(stop)}`;
    if (withoutLayout(text) !== withoutLayout(expected)) await expect(expected).toMatchFileSnapshot(DOCUMENT);
  });
});

describe("help", () => {
  it.each(commandRegistry.commands.map((command) => [command.path, command] as const))(
    "of %s names all its flags on standard output and ends with 0",
    async (path, command) => {
      const outcome = await cli([...path.split(" "), "-h"]);
      expect(outcome).toMatchObject({ code: 0, stderr: "" });
      for (const flag of Object.values(command.flags)) expect(outcome.stdout).toContain(`  -${flag.name}`);
      for (const line of outcome.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    },
  );

  it("is the same for -h, -help and --help", async () => {
    const [short, long, dashes] = await Promise.all(["-h", "-help", "--help"].map((flag) => cli(["status", flag])));
    expect(long).toEqual(short);
    expect(dashes).toEqual(short);
  });

  it("of a group that was named without a command goes to standard error and ends with 1", async () => {
    const outcome = await cli(["operator"]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain("rotate-keys");
  });

  it("of a group goes to standard output when asked for", async () => {
    expect(await cli(["kv", "metadata", "-h"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("declarations", () => {
  it.each(commandRegistry.commands.map((command) => [command.path, command] as const))(
    "of %s use no flag name twice",
    (_path, command) => {
      const names = Object.values(command.flags).flatMap((flag) => [flag.name, ...flag.aliases]);
      expect(new Set(names).size).toBe(names.length);
    },
  );
});
