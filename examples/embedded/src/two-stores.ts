// SPDX-License-Identifier: Apache-2.0
// Two stores in one process, each opened by two of its own three shares.
import { openStore } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openMemoryStorage } from "@sealwright/storage/memory";

const stores = await Promise.all([1, 2].map(() => openStore({ storage: openMemoryStorage(), shares: shamir })));
for (const [index, store] of stores.entries()) {
  const { unseal } = await store.initialize({ unseal: { shares: 3, threshold: 2 } });
  for (const share of unseal.slice(0, 2)) await store.submitShare(share);
  await store.put("name", Buffer.from(`store ${index + 1}`));
}
for (const store of stores) console.log(`${await store.get("name")}`);
for (const store of stores) await store.close();
