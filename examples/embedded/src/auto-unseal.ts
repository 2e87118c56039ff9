// SPDX-License-Identifier: Apache-2.0
// A store that a key file unseals. Make the key first: head -c 32 /dev/urandom > demo.key
import { openStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { plugin as staticKey } from "@sealwright/plugin-static";
import { openFileStorage } from "@sealwright/storage/file";

const storage = await openFileStorage({ path: "./data" });
const settings = { current_key_id: "demo", current_key: "file://./demo.key" };
const store = await openStore({ storage, shares: shamir, seal: { plugin: staticKey, settings } });

if (!(await store.status()).initialized) await store.initialize({ recovery: { shares: 3, threshold: 2 } });
await store.unseal();
await store.put("app/db", Buffer.from("s3cret"));
const { term } = await store.rotate();
console.log(`${await store.get("app/db")}, now under key term ${term}`);
await store.close();
