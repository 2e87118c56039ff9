// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench`: what the built server does on this machine, as ratios to a yardstick measured in the same run, since
 * machines differ and are noisy. Nothing is asserted. Yardsticks: bare Express answering the same bytes, and LMDB alone
 * with a flush per batch; where `BAO_BIN` names an OpenBao, that too.
 */

import { measureBarrier } from "./barrier.ts";
import { measureHttp } from "./http.ts";
import { measurePkcs11 } from "./pkcs11.ts";
import { measureSlowSeal } from "./slow-seal.ts";
import { measureStart } from "./start.ts";
import { type Row, table } from "./table.ts";

const sections: [title: string, measure: () => Promise<Row[]>][] = [
  ["Start to unsealed, and memory afterwards", measureStart],
  ["Through the barrier, 16 callers", measureBarrier],
  ["Over HTTP, 16 connections", measureHttp],
  ["The pkcs11 seal on SoftHSM", measurePkcs11],
  ["While a slow seal saves the count, 16 callers, alternating windows of 5 s", measureSlowSeal],
];

const wanted = (process.argv[2] ?? "").toLowerCase();
const chosen = sections.filter(([title]) => title.toLowerCase().includes(wanted));
if (chosen.length === 0) {
  console.error(`No section's title has "${wanted}". There are:\n${sections.map(([title]) => title).join("\n")}`);
  process.exitCode = 1;
}
for (const [title, measure] of chosen) {
  console.log(`\n${title}\n${table(await measure())}`);
}
