// SPDX-License-Identifier: Apache-2.0
// `npm test`: sets up what the tests need, runs them on the pinned Node, and ends with `N passed, N failed, N skipped`.
// `--long` runs the longer sweeps besides. Other arguments go to vitest.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { prepare } from "./prepare.mjs";
import { setUpParts } from "./test-parts.mjs";

const { root, node } = prepare();
const long = process.argv.includes("--long");
const rest = process.argv.slice(2).filter((argument) => argument !== "--long");
const { env, missing } = setUpParts(root, node);

for (const part of missing) console.error(`MISSING: ${part.name}: ${part.why}. Its tests are counted as skipped.`);
if (process.env.CI === "true" && missing.length > 0) {
  console.error("With CI=true a missing part is a failure.");
  console.log(`0 passed, ${missing.length} failed, 0 skipped`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "sealwright-test-"));
const report = join(folder, "report.json");
const run = spawnSync(
  node,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...rest,
  ],
  {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ...env,
      PATH: `${dirname(node)}:${process.env.PATH}`,
      SEALWRIGHT_LONG: long ? "1" : "",
    },
  },
);

let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, success } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  const broken = !success && numFailedTests === 0 ? Math.max(1, numFailedTestSuites) : 0;
  counts = { passed: numPassedTests, failed: numFailedTests + broken, skipped: numPendingTests + numTodoTests };
} catch {
  console.error("The tests left no report.");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(run.status === 0 && counts.failed === 0 ? 0 : 1);
