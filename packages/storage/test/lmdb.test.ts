// SPDX-License-Identifier: Apache-2.0
import { copyFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openLmdbStorage } from "@sealwright/storage/lmdb";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { contents, put, remove } from "./entries.ts";
import { newFolder } from "./folders.ts";

describe("an LMDB folder that cannot be used", () => {
  it("is STORAGE_UNUSABLE when the path or a part of it is a file, which stays as it is", async () => {
    const file = join(await newFolder(), "file");
    await writeFile(file, "text");
    for (const path of [file, join(file, "below")]) {
      await rejectsWithCode(openLmdbStorage({ path }), "STORAGE_UNUSABLE");
    }
    expect(await readFile(file, "utf8")).toBe("text");
  });

  it("is STORAGE_UNUSABLE when a folder stands in place of the database", async () => {
    const path = await newFolder();
    await mkdir(join(path, "data.mdb"));
    await rejectsWithCode(openLmdbStorage({ path }), "STORAGE_UNUSABLE");
  });

  it.each([
    ["text", Buffer.from("this is no database, whatever its name says\n".repeat(500))],
    ["zeros", Buffer.alloc(65_536)],
    ["a few bytes", Buffer.from([1, 2, 3])],
  ])("is STORAGE_CORRUPT when the database is %s, which stays as it is", async (_, bytes) => {
    const path = await newFolder();
    await writeFile(join(path, "data.mdb"), bytes);
    const error = await rejectsWithCode(openLmdbStorage({ path }), "STORAGE_CORRUPT");
    expect(error.message).toContain(path);
    expect(Buffer.compare(await readFile(join(path, "data.mdb")), bytes)).toBe(0);
    expect(await readdir(path)).not.toContain(".sealwright");
  });

  it.each([
    ["its first page is overwritten", (bytes: Buffer) => bytes.fill(0x5a, 0, 4096)],
    ["its second page is overwritten", (bytes: Buffer) => bytes.fill(0x5a, 4096, 8192)],
    ["it is of another format", (bytes: Buffer) => bytes.fill(1, 28, 29)],
    ["only its heads are left", (bytes: Buffer) => bytes.subarray(0, 8192)],
    ["less than its heads is left", (bytes: Buffer) => bytes.subarray(0, 5000)],
    ["its page size is changed", (bytes: Buffer) => bytes.fill(0xff, 48, 52)],
  ])("is STORAGE_CORRUPT when %s", async (_, damage) => {
    const path = await newFolder();
    await fill(path);
    const file = join(path, "data.mdb");
    await writeFile(file, damage(await readFile(file)));
    await rejectsWithCode(openLmdbStorage({ path }), "STORAGE_CORRUPT");
  });

  it.each([
    ["empty", (file: string) => truncate(file)],
    ["missing", (file: string) => rm(file)],
  ])(
    "is STORAGE_CORRUPT when the database is %s and has held data, and begins anew only without the mark",
    async (how, lose) => {
      const path = await newFolder();
      await fill(path);
      const file = join(path, "data.mdb");
      await lose(file);
      const mark = join(path, ".sealwright", "committed");
      const { message } = await rejectsWithCode(openLmdbStorage({ path }), "STORAGE_CORRUPT");
      for (const part of [`${file} is ${how}`, `remove ${mark}`]) expect(message).toContain(part);
      expect(await readdir(join(path, ".sealwright"))).toEqual(["committed"]);
      expect((await stat(file).catch(() => undefined))?.size ?? 0).toBe(0);
      await rm(mark);
      const storage = await openLmdbStorage({ path });
      expect(await contents(storage)).toEqual({});
      await storage.close();
    },
  );

  it.each(["empty", "missing"])("is a new one when the database is %s and nothing was ever committed", async (how) => {
    const path = await newFolder();
    await (await openLmdbStorage({ path })).close();
    if (how === "empty") await truncate(join(path, "data.mdb"));
    else await rm(join(path, "data.mdb"));
    const storage = await openLmdbStorage({ path });
    await storage.write([put("a", "x")]);
    expect(await contents(storage)).toEqual({ a: "x" });
    await storage.close();
  });

  it("gives STORAGE_CORRUPT for what a database that was cut short has lost, and lives on", async () => {
    const path = await newFolder();
    await fill(path);
    const file = join(path, "data.mdb");
    const { size } = await stat(file);
    let lost = 0;
    for (const part of [0.9, 0.6, 0.3]) {
      const cut = await newFolder();
      await copyFile(file, join(cut, "data.mdb"));
      await truncate(join(cut, "data.mdb"), Math.floor(size * part));
      try {
        const storage = await openLmdbStorage({ path: cut });
        await contents(storage).catch((error: { code: string }) => {
          expect(error.code).toBe("STORAGE_CORRUPT");
          lost += 1;
        });
        await storage.close();
      } catch (error) {
        await rejectsWithCode(Promise.reject(error), "STORAGE_CORRUPT");
        lost += 1;
      }
    }
    expect(lost).toBeGreaterThan(0);
  });
});

/** Makes a database of some thousand pages. */
async function fill(path: string): Promise<void> {
  const storage = await openLmdbStorage({ path });
  const names = Array.from({ length: 3000 }, (_, i) => `${i % 50}/${i}`);
  await storage.write(names.map((name) => put(name, "z".repeat(1000))));
  await storage.close();
}

describe("an LMDB folder", () => {
  it("is made with mode 0700, and its files with 0600", async () => {
    const path = join(await newFolder(), "new", "data.d");
    const storage = await openLmdbStorage({ path });
    for (const folder of ["..", "."]) expect((await stat(join(path, folder))).mode & 0o777).toBe(0o700);
    for (const file of ["data.mdb", "lock.mdb"]) expect((await stat(join(path, file))).mode & 0o777).toBe(0o600);
    await storage.close();
  });

  it("has nothing but the mark of a commit beside the database after closing", async () => {
    const path = await newFolder();
    const storage = await openLmdbStorage({ path });
    await storage.write([put("a", "x")]);
    await storage.close();
    expect((await readdir(path)).sort()).toEqual([".sealwright", "data.mdb", "lock.mdb"]);
    expect(await readdir(join(path, ".sealwright"))).toEqual(["committed"]);
  });

  it("uses the space of deleted entries again", async () => {
    const path = await newFolder();
    const storage = await openLmdbStorage({ path });
    const value = "x".repeat(200_000);
    for (let i = 0; i < 50; i++) {
      await storage.write([put(`a/${i}`, value)]);
      await storage.write([remove(`a/${i}`)]);
    }
    await storage.close();
    expect((await stat(join(path, "data.mdb"))).size).toBeLessThan(5_000_000);
  });

  it("grows far beyond the size that it begins with", async () => {
    const path = await newFolder();
    const storage = await openLmdbStorage({ path });
    const value = "y".repeat(500_000);
    await Promise.all(Array.from({ length: 60 }, (_, i) => storage.write([put(`${i}`, value)])));
    expect(Object.values(await contents(storage)).every((each) => each === value)).toBe(true);
    await storage.close();
  });
});
