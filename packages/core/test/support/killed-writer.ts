// SPDX-License-Identifier: Apache-2.0
/** Opens the store at `<type> <path>` and puts for ever, telling the count after each put on standard output. */
import { writeSync } from "node:fs";
import { SealedStore, soleSeal } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openHome } from "./homes.ts";
import { openStaticSeal } from "./seals.ts";

const [, , type = "", path = ""] = process.argv;
const store = new SealedStore({
  storage: await openHome(type, path),
  shares: shamir,
  seals: soleSeal(await openStaticSeal()),
});
await store.unseal();

async function putForEver(caller: number): Promise<never> {
  for (let turn = 0; ; turn++) {
    await store.put(`writer/${caller}/${turn % 10}`, Buffer.from("value"));
    writeSync(1, `${store.barrier.encryptions}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, caller) => putForEver(caller)));
