// SPDX-License-Identifier: Apache-2.0
// `npm run bench [WORD]`: measures the built server beside yardsticks; WORD picks the sections whose title has it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { prepare } from "./prepare.mjs";

const { root, node } = prepare();
const bench = join(root, "test/bench/bench.ts");
const run = spawnSync(node, ["--conditions=source", bench, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
process.exit(run.status ?? 1);
