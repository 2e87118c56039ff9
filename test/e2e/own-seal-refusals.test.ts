// SPDX-License-Identifier: Apache-2.0
/** Plugin blocks whose module is broken, wrong or not the expected one: nothing is opened half way, nothing written. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workplace } from "../support/command.ts";
import { writeConfig } from "./config.ts";
import { refusalOf } from "./expectations.ts";

/** Reverses what it wraps: enough of a seal for a server. */
function moduleText(over: Readonly<Record<string, string>> = {}): string {
  const parts = {
    kind: '"auto"',
    open: "async () => seal",
    wrap: "async (plaintext) => ({ ciphertext: plaintext.toReversed() })",
    unwrap: "async ({ ciphertext }) => ciphertext.toReversed()",
    ...over,
  };
  return `const seal = { type: "acme", wrap: ${parts.wrap}, unwrap: ${parts.unwrap}, close: async () => {} };
export const plugin = { kind: ${parts.kind}, type: "acme", config: {}, open: ${parts.open} };\n`;
}

const page = readFileSync(new URL("../../docs/seals/external.md", import.meta.url), "utf8");
const documented = [...page.matchAll(/^\|[^|]+\| `((?:plugin|the) [^`]+)` \|$/gm)].map(
  ([, sentence = ""]) => new RegExp(sentence.split("…").map(RegExp.escape).join(".+")),
);
const seen = new Set<RegExp>();

const PLUGIN = 'module = "./acme.mjs"';
const SEAL = 'call_deadline = "2s"';

let work: Workplace;
let untouched: Record<string, string>;

/** Every file of the data folder, with its digest. */
function dataFiles(): Record<string, string> {
  const files = readdirSync(work.path("data"), { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  const paths = files.map((each) => join(each.parentPath, each.name));
  return Object.fromEntries(paths.map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]));
}

function configuration(plugin = PLUGIN, seal = SEAL): Promise<string> {
  return writeConfig(work, {
    storage: "file",
    seal: `plugin "acme" {\n  ${plugin}\n}\nseal "acme" {\n  ${seal}\n}\n`,
  });
}

beforeAll(async () => {
  work = await Workplace.open();
  await writeFile(work.path("acme.mjs"), moduleText());
  const server = await work.serve([await configuration()]);
  expect(await work.run(["operator", "init", `-address=${server.url}`])).toMatchObject({ code: 0 });
  await server.stop();
  untouched = dataFiles();
  expect(Object.keys(untouched).length).toBeGreaterThan(3);
});
afterAll(() => work.close());

describe("a server does not start, and leaves its storage as it is,", () => {
  test.each([
    ["whose module is not there", undefined, PLUGIN, /acme\.mjs cannot be read \(ENOENT\)/],
    ["whose module has a mistake in its syntax", "export const plugin = {", PLUGIN, /its syntax is wrong/],
    ["whose module throws", 'throw new Error("no device");', PLUGIN, /it fails \(no device\)/],
    ["whose module exports no plugin", "export default {};", PLUGIN, /does not fit the contract.*missing/],
    ["whose plugin is of another kind", moduleText({ kind: '"shares"' }), PLUGIN, /kind is "shares"/],
    ["whose plugin cannot open", moduleText({ open: "undefined" }), PLUGIN, /open must be a function/],
    [
      "whose module is not the expected one",
      moduleText(),
      `${PLUGIN} sha256 = "${"0".repeat(64)}"`,
      /nothing of it was/,
    ],
    [
      "whose plugin is named like a built-in one",
      moduleText(),
      `${PLUGIN}\n}\nplugin "static" {\n${PLUGIN}`,
      /static seal/,
    ],
    ["whose plugin block is one of OpenBao's", moduleText(), 'command = "bao-kms"', /not a program: give module/],
    ["whose plugin opens half a seal", moduleText({ unwrap: "undefined" }), PLUGIN, /opened no seal: unwrap/],
    [
      "whose plugin fails to open",
      moduleText({ open: 'async () => { throw new Error("x"); }' }),
      PLUGIN,
      /failed in a way/,
    ],
    [
      "whose plugin hangs when it opens, with a timer that never ends",
      `setInterval(() => {}, 1000);\n${moduleText({ open: "() => new Promise(() => {})" })}`,
      PLUGIN,
      /was not opened within 2000 ms/,
    ],
  ])("%s", async (_what, text, plugin, says) => {
    await writeFile(work.path("acme.mjs"), text ?? "");
    const config = await configuration(text === undefined ? PLUGIN.replace("./acme", "./no/acme") : plugin);
    const sentence = refusalOf(await work.run(["server", config]));
    expect(sentence).toMatch(says);
    const row = documented.find((each) => each.test(sentence));
    expect(row, `docs/seals/external.md has no row for: ${sentence}`).toBeDefined();
    if (row !== undefined) seen.add(row);
    expect(dataFiles()).toEqual(untouched);
  });

  test("and the page has each of these sentences, and no other", () => {
    expect(documented.filter((row) => !seen.has(row))).toEqual([]);
  });
});

describe("a server on that storage", () => {
  test.each([
    ["answers what it did not wrap", "async () => new Uint8Array(32)", /still sealed: /],
    [
      "answers garbage",
      'async () => "root key"',
      /still sealed: the plugin of the acme seal unwrapped, and answered no/,
    ],
    ["rejects with an error of its own", 'async () => { throw new Error("x"); }', /still sealed: .*failed in a way/],
    ["never answers", "() => new Promise(() => {})", /still sealed: .*was abandoned/],
  ])("stays sealed, and says why, where the seal %s", async (_what, unwrap, says) => {
    await writeFile(work.path("acme.mjs"), moduleText({ unwrap }));
    const server = await work.serve([await configuration()]);
    await server.command.until(says);
    expect(await work.run(["status", `-address=${server.url}`])).toMatchObject({ code: 2 });
    expect(await server.stop()).toMatchObject({ code: 0 });
    expect(dataFiles()).toEqual(untouched);
  });

  test("opens it again with the module as it was", async () => {
    await writeFile(work.path("acme.mjs"), moduleText());
    const server = await work.serve([await configuration()]);
    await server.command.until(/unsealed by the auto seal/);
    await server.stop();
  });
});

describe("a new storage", () => {
  test.each([
    ["to garbage", { wrap: "async () => 42" }],
    ["to what it cannot unwrap", { unwrap: "async () => new Uint8Array(32)" }],
    ["and fails to unwrap", { unwrap: 'async () => { throw new Error("x"); }' }],
  ])("is not initialised with a seal that wraps %s", async (_what, over) => {
    const fresh = await Workplace.open();
    try {
      await writeFile(fresh.path("acme.mjs"), moduleText(over));
      const config = await writeConfig(fresh, {
        storage: "file",
        seal: `plugin "acme" { ${PLUGIN} }\nseal "acme" {}\n`,
      });
      const { url } = await fresh.serve([config]);
      expect(await fresh.run(["operator", "init", `-address=${url}`])).toMatchObject({ code: 2 });
      expect((await fresh.run(["status", `-address=${url}`])).stdout).toMatch(/Initialized +false/);
    } finally {
      await fresh.close();
    }
  });
});
