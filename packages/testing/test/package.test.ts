// SPDX-License-Identifier: Apache-2.0
/** What is in the package that users install. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));

it("has the sources of the faulty HSM, which is compiled where it is used", async () => {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json"], { cwd: folder });
  const [{ files }] = JSON.parse(stdout.slice(stdout.indexOf("["))) as [{ files: { path: string }[] }];
  const packed = files.map(({ path }) => path);
  for (const name of readdirSync(new URL("../../../test/faulty-hsm", import.meta.url))) {
    expect(packed).toContain(`native/faulty-hsm/${name}`);
  }
  expect(existsSync(`${folder}/native`)).toBe(false);
});
