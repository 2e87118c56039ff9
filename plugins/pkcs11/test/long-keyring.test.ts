// SPDX-License-Identifier: Apache-2.0
/** A keyring grows by each rotation; the token's layer around it must hold any length. */
import { decodeWrapped, paths, SealedStore, sealLayer, soleSeal } from "@sealwright/core";
import { plugin as shamir } from "@sealwright/plugin-shamir";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { expect, it } from "vitest";
import { faultySeal } from "./support/faulty-seal.ts";
import { SOFTHSM } from "./support/tokens.ts";

const TERMS = 1_000;
const OLD_LIMIT_BYTES = 65_536;

it.skipIf(SOFTHSM.missing)(
  `a seal-wrapped keyring of ${TERMS} data keys opens, and still takes the next`,
  async () => {
    const { seal } = await faultySeal(SOFTHSM);
    const storage = openMemoryStorage();
    const store = new SealedStore({ storage, shares: shamir, seals: soleSeal(seal), layer: sealLayer });
    await store.initialize({ recovery: { shares: 1, threshold: 1 } });
    await store.unseal();
    await store.put("first", Buffer.from("under the first key"));
    while (store.barrier.keyStatus.term < TERMS) await store.rotate();
    await store.seal();
    const entry = await storage.get(paths.KEYRING);
    expect(decodeWrapped(entry ?? new Uint8Array())?.[0]?.wrapped).toBe(true);
    expect(entry?.length).toBeGreaterThan(OLD_LIMIT_BYTES);
    await store.unseal();
    await store.rotate();
    expect(store.barrier.keyStatus.term).toBe(TERMS + 1);
    expect((await store.get("first"))?.toString()).toBe("under the first key");
  },
  60_000,
);
