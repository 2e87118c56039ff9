// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Storage } from "@sealwright/core";
import { openFileStorage } from "@sealwright/storage/file";
import { openLmdbStorage } from "@sealwright/storage/lmdb";
import { openMemoryStorage } from "@sealwright/storage/memory";
import { describeStorageConformance, type StorageHarness } from "@sealwright/testing";
import { describe, expect, it } from "vitest";

function inFolder(type: string, open: (options: { path: string }) => Promise<Storage>): StorageHarness {
  return {
    traits: { type, lifetime: "kept" },
    async newHome() {
      const parent = await mkdtemp(join(tmpdir(), "sealwright-storage-"));
      return {
        // A dot in the name must not make a file of it, nor a missing parent stop it.
        open: () => open({ path: join(parent, "new", "data.d") }),
        remove: () => rm(parent, { recursive: true }),
      };
    },
  };
}

const runner = { describe, it, expect };

describeStorageConformance(
  "memory",
  {
    traits: { type: "memory", lifetime: "process" },
    newHome: async () => ({ open: async () => openMemoryStorage(), remove: async () => {} }),
  },
  runner,
);
describeStorageConformance("file", inFolder("file", openFileStorage), runner);
describeStorageConformance("lmdb", inFolder("lmdb", openLmdbStorage), runner);
