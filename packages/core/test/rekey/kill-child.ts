// SPDX-License-Identifier: Apache-2.0
/**
 * A process that goes through a ceremony and is killed on the way: `kill-child.ts <storage> <folder> <kind> <share>…`.
 * Says `ready` before the last share, `made <shares in hex>` when the new ones exist, and `done` when they are in force.
 */
import { openFileStorage } from "@sealwright/storage/file";
import { openLmdbStorage } from "@sealwright/storage/lmdb";
import { autoKind, bytes, hexRequest, rekeyOf, shamirKind } from "./support.ts";

const [storageType, path = "", kindName, ...hex] = process.argv.slice(2);
const open = storageType === "lmdb" ? openLmdbStorage : openFileStorage;
const kind = kindName === "shamir" ? shamirKind : autoKind;
const shares = bytes(hex);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const store = await kind.store(await open({ path }));
await kind.unseal(store, shares);
const rekey = rekeyOf({ store, kind });
const { deliver, ...request } = hexRequest();
const { nonce } = await rekey.start({
  ...request,
  async deliver(made, of) {
    const delivery = await deliver(made, of);
    say(`made ${delivery.answer.join(" ")}`);
    return delivery;
  },
});
await rekey.submit(nonce, shares[0]!);
say("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
await rekey.submit(nonce, shares[1]!);
say("done");
await new Promise(() => {
  setInterval(() => {}, 1000);
});
