// SPDX-License-Identifier: Apache-2.0
/**
 * A process that migrates a storage from the seal `a` to the seal `b`, finishes that, and is killed on the way:
 * `kill-child.ts <storage> <folder>`. Says `ready`, waits for a line, and says `migrated` and `finished` once that is so.
 */
import { SealedStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openHome } from "../support/homes.ts";
import { Kms } from "./support.ts";

const [type = "", path = ""] = process.argv.slice(2);
const seals = [await new Kms("a").attached(1), await new Kms("b").attached(2)];
const store = new SealedStore({ storage: await openHome(type, path), shares: shamir, seals });
const say = (line: string): void => void process.stdout.write(`${line}\n`);

// Whoever started this process is gone.
process.stdin.on("end", () => process.exit());
await store.unseal();
say("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
await store.seals.migrate("b");
say("migrated");
await store.seals.finishMigration({ force: "accept" });
say("finished");
setInterval(() => {}, 1_000);
