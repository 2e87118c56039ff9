// SPDX-License-Identifier: Apache-2.0
/** What a store lends to ceremonies: itself alone, for as long as it stays open. */
import { barrierTarget, paths, Rekey } from "@sealwright/core";
import { SealError } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { altered, hanging, openStaticSeal } from "./support/seals.ts";
import { makeForeign, openLastingStorage, snapshot } from "./support/storages.ts";
import { autoStore, initializedAuto, unsealedAuto } from "./support/stores.ts";

const nothing = { answer: null, entries: [] };

describe("work that has the store for itself", () => {
  it("is refused while the store is sealed", async () => {
    const { store } = await initializedAuto();
    await rejectsWithCode(
      store.exclusively(async () => {}),
      "SEALED",
    );
  });

  it("keeps rotations and other such work waiting, and puts not", async () => {
    const store = await unsealedAuto();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = store.exclusively(async () => {
      await gate.promise;
      order.push("first");
    });
    const second = store.exclusively(async () => void order.push("second"));
    const rotation = store.rotate().then(() => order.push("rotation"));
    await store.put("meanwhile", Buffer.from("x"));
    order.push("put");
    gate.resolve();
    await Promise.all([first, second, rotation]);
    expect(order).toEqual(["put", "first", "second", "rotation"]);
  });

  it("does not keep the next from its turn when it fails", async () => {
    const store = await unsealedAuto();
    const failing = store.exclusively(async () => {
      throw new SealError("SEAL_DENIED", "no");
    });
    await rejectsWithCode(failing, "SEAL_DENIED");
    expect(await store.exclusively(async ({ barrier }) => barrier.keyStatus.term)).toBe(1);
  });

  it("cannot write to a foreign storage", async () => {
    const storage = openLastingStorage();
    await (await unsealedAuto(storage)).seal();
    await makeForeign(storage);
    const store = autoStore(storage, await openStaticSeal());
    await store.unseal();
    const write = store.exclusively((open) => open.storage.write([{ op: "delete", path: paths.KEYRING }]));
    await rejectsWithCode(write, "FOREIGN_STORAGE");
  });

  it.each(["seal", "close"] as const)(
    "lets go of a seal that hangs when the store is to %s, and nothing was written",
    async (how) => {
      const { storage, shares } = await initializedAuto({ shares: 3, threshold: 2 });
      const inner = await openStaticSeal();
      const stuck = hanging(inner);
      let hangs = false;
      const store = autoStore(
        storage,
        altered(inner, { unwrap: (blob, call) => (hangs ? stuck.seal : inner).unwrap(blob, call) }),
      );
      await store.unseal();
      const rekey = new Rekey<null, null>(store, barrierTarget);
      const numbers = { shares: 0, threshold: 0 };
      await rekey.start({ numbers, verification: "none", term: "keep", details: null, deliver: async () => nothing });
      const { nonce } = rekey.current!;
      await rekey.submit(nonce, shares[0]!);
      const before = await snapshot(storage);
      hangs = true;
      const last = rejectsWithCode(rekey.submit(nonce, shares[1]!), "SEAL_TIMEOUT");
      await stuck.asked;
      await store[how]();
      await last;
      expect(store.sealed).toBe(true);
      expect(rekey.current).toBeUndefined();
      expect(await snapshot(storage)).toEqual(before);
    },
  );
});
