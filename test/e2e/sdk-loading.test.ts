// SPDX-License-Identifier: Apache-2.0
/**
 * A configuration without a cloud seal loads no cloud's SDK: Node itself tells what it has loaded, by the list of
 * scripts that its coverage leaves behind. From the bundle, whose build tells which sources each of its files has, and
 * from source.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunningCommand, Workplace } from "../support/command.ts";
import { writeConfig } from "./config.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const NODE = join(root, "node_modules/node/bin/node");
const BUNDLE = join(root, "packages/cli/dist-bundle/sealwright.mjs");
const SOURCE = join(root, "packages/cli/src/main.ts");
const SDKS = /node_modules\/(?:@aws-sdk|@aws|@smithy|@google-cloud|google-gax|@grpc|@azure|@typespec)\//;

/** What esbuild says of the bundle: the sources that went into each file. */
const { outputs } = JSON.parse(readFileSync(join(root, "node_modules/.cache/sealwright/bundle.json"), "utf8")) as {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>;
};

let place: Workplace;

beforeAll(async () => {
  place = await Workplace.open();
});
afterAll(() => place.close());

/** The files of this project and its dependencies that a server with this seal has loaded when it stops. */
async function loadedBy(program: readonly string[], seal: string): Promise<string[]> {
  const coverage = place.path(`coverage-${Math.random()}`);
  mkdirSync(coverage);
  const config = await writeConfig(place, { seal });
  const command = new RunningCommand([...program, "server", config], {
    cwd: place.folder,
    program: NODE,
    env: { NODE_V8_COVERAGE: coverage, NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  try {
    await command.until(/not initialised/);
  } finally {
    command.child.kill("SIGTERM");
    await command.finished;
  }
  const scripts = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), "utf8")) as { result: { url: string }[] };
    return result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
  });
  return scripts.map((url) => fileURLToPath(url));
}

/** The sources that the loaded files were bundled from, or the files themselves. */
function sourcesOf(files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const output = outputs[file.slice(root.length)];
    return output === undefined ? [file] : Object.keys(output.inputs);
  });
}

const block = (type: string, lines: string): string => `seal "${type}" {\n${lines}\n}\n`;
const KEY = `current_key_id = "a"\n  current_key = "${"0123456789abcdef".repeat(4)}"`;
const WITHOUT_CLOUD = [
  ["shares", ""],
  // This one looks at the settings of every seal, for the variables that the process must not see.
  ["a static key in a process of its own", block("static", `${KEY}\n  isolation = "process"`)],
] as const;

const AWS = block("awskms", 'kms_key_id = "alias/k"\n  region = "us-east-1"');

describe.each([
  ["the bundle", [BUNDLE]],
  ["source", ["--conditions=source", SOURCE]],
] as const)("a server from %s", (_what, program) => {
  test.each(WITHOUT_CLOUD)("with %s loads no SDK of a cloud", async (_seal, seal) => {
    const sources = sourcesOf(await loadedBy(program, seal));
    expect(sources.some((source) => source.endsWith("packages/server/src/seals/registry.ts"))).toBe(true);
    expect(sources.filter((source) => SDKS.test(source))).toEqual([]);
  });

  test("with a key of AWS KMS loads that SDK alone, as this very test sees", async () => {
    const sources = sourcesOf(await loadedBy(program, AWS)).filter((source) => SDKS.test(source));
    expect(sources.some((source) => source.includes("@aws-sdk/client-kms"))).toBe(true);
    expect(sources.filter((source) => !/@aws|@smithy/.test(source))).toEqual([]);
  });
});
