// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejectsWithCode } from "@sealwright/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OfflineStore, withOfflineStore } from "../../src/offline/with-offline-store.ts";
import { createLog } from "../../src/runtime/log.ts";
import { startSeals, staticSeal, stopSeals, stopStarted } from "../seals/seals-server.ts";

const ONE = staticSeal("one", "k1");
const TWO = staticSeal("two", "k2", "priority = 2");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sealwright-offline-"));
});
afterEach(async () => {
  await stopStarted();
  rmSync(folder, { recursive: true, force: true });
});

const storage = () => `"file" { path = ${JSON.stringify(join(folder, "data"))} }`;

function offline<T>(seals: string, work: (store: OfflineStore) => Promise<T>): Promise<T> {
  const config = join(folder, "c.hcl");
  writeFileSync(config, `${seals}storage ${storage()}\nlistener "tcp" { tls_disable = true }\n`);
  const log = createLog({ level: "off", format: "json", write: () => {} });
  const shares = () => Promise.reject(new Error("no share is asked for"));
  return withOfflineStore(
    { configPaths: [config], env: {}, shares, log },
    { operation: "read", path: "storage/get" },
    work,
  );
}

async function written(): Promise<void> {
  const server = await startSeals(ONE + TWO, storage());
  const init = { accept_weaker: true, recovery_shares: 3, recovery_threshold: 2 };
  expect((await server.call("PUT", "sys/init", init)).status).toBe(200);
  await server.running.store.put("kept", Buffer.from("value"));
  await stopSeals(server);
}

describe("a storage of several seals, offline", () => {
  it("is opened by all of them or by the other one alone, whichever block comes first", async () => {
    await written();
    for (const seals of [ONE + TWO, TWO + ONE, TWO]) {
      expect(String(await offline(seals, (store) => store.read("kept")))).toBe("value");
    }
  });

  it("shows every entry that the seals at hand unwrap", async () => {
    await written();
    const read = await offline(ONE + TWO, async (store) => {
      const entries = new Map<string, string>();
      for await (const path of store.list("")) {
        // Encrypted for another path, until it is put in force again.
        if (path !== "sealwright/core/encryption-count-aside") {
          entries.set(path, Buffer.from((await store.read(path)) ?? []).toString());
        }
      }
      return entries;
    });
    expect(JSON.parse(read.get("sealwright/seals/two/root-key") ?? "")).toMatchObject({ seal: "two" });
    expect(JSON.parse(read.get("sealwright/core/seals") ?? "")).toMatchObject({ first: "one" });
  });

  it("does not show what a seal wrapped that is not configured", async () => {
    await written();
    await rejectsWithCode(
      offline(ONE, (store) => store.read("sealwright/seals/two/root-key")),
      "WRONG_SEAL",
    );
  });

  it("gets a new key term by any of them", async () => {
    await written();
    const { term } = await offline(TWO, (store) => store.rotate());
    expect(term).toBe(2);
    const server = await startSeals(ONE + TWO, storage());
    await server.running.store.unseal();
    expect(String(await server.running.store.get("kept"))).toBe("value");
  });

  it("is not opened by a seal that it does not have", async () => {
    await written();
    await rejectsWithCode(
      offline(staticSeal("three", "k3"), (store) => store.read("kept")),
      "WRONG_SEAL",
    );
  });
});
