// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openFileStorage } from "@sealwright/storage/file";
import { rejectsWithCode } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { contents, put, remove } from "./entries.ts";
import { copyOfFolder, newFolder, snapshot } from "./folders.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const fixtures = fileURLToPath(new URL("../../../test/fixtures", import.meta.url));

/** A folder with the private folder in it, and `name` in that. */
async function folderWithPrivateFile(name: string, text: string): Promise<{ path: string; file: string }> {
  const path = await newFolder();
  await mkdir(join(path, ".sealwright"));
  const file = join(path, ".sealwright", name);
  await writeFile(file, text);
  return { path, file };
}

function journal(lines: string): string {
  return `sealwright-journal 1 ${createHash("sha256").update(lines).digest("hex")}\n${lines}`;
}

describe("a folder that cannot be used", () => {
  it("is STORAGE_UNUSABLE when the path or a part of it is a file, which stays as it is", async () => {
    const folder = await newFolder();
    const file = join(folder, "file");
    await writeFile(file, "text");
    for (const path of [file, join(file, "below"), join(file, "far", "below")]) {
      const error = await rejectsWithCode(openFileStorage({ path }), "STORAGE_UNUSABLE");
      expect(error.message).toContain(path);
      expect(error.message).toContain("a file stands where a folder is needed");
    }
    expect(await readFile(file, "utf8")).toBe("text");
  });

  it.each([
    ["EACCES", "no permission"],
    ["EROFS", "read-only"],
  ])("is STORAGE_UNUSABLE on %s, saying that it is %s", async (code, words) => {
    for (const failing of ["makeFolder", "write"]) {
      const fs = new SimulatedDisk();
      fs.fault = (call, name) => {
        if (name === failing) throw Object.assign(new Error(code), { code });
        call();
      };
      const error = await rejectsWithCode(openFileStorage({ path: "/data", fs }), "STORAGE_UNUSABLE");
      expect(error.message).toContain(words);
    }
  });

  it("is STORAGE_FAILED when the disk is full", async () => {
    const fs = new SimulatedDisk();
    fs.fault = (call, name) => {
      if (name === "write") throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      call();
    };
    expect((await rejectsWithCode(openFileStorage({ path: "/data", fs }), "STORAGE_FAILED")).message).toContain("full");
  });
});

describe("a file that is no entry of OpenBao's", () => {
  it.each([
    ["nothing", ""],
    ["no JSON", "not json"],
    ["half of an entry", '{"Value":"aGVs'],
    ["a JSON list", "[]"],
    ["JSON null", "null"],
    ["no value", "{}"],
    ["a number", '{"Value":1}'],
    ["another key", '{"value":"aGVsbG8="}'],
    ["base64 without its padding", '{"Value":"aGVsbG8"}'],
    ["base64 for URLs", '{"Value":"_-8="}'],
    ["base64 with a blank", '{"Value":"aGVs bG8="}'],
    ["loose bits at the end", '{"Value":"aGVsbG9="}'],
    ["two entries", '{"Value":""}{"Value":""}'],
  ])("with %s is STORAGE_CORRUPT, named, listed and left as it is", async (_, text) => {
    const path = await newFolder();
    await writeFile(join(path, "_broken"), text);
    const storage = await openFileStorage({ path });
    const error = await rejectsWithCode(storage.get("broken"), "STORAGE_CORRUPT");
    expect(error.message).toContain("broken");
    if (text.includes("aGVs")) expect(error.message).not.toContain("aGVs");
    expect(await storage.list("")).toEqual(["broken"]);
    await storage.close();
    expect(await readFile(join(path, "_broken"), "utf8")).toBe(text);
  });

  it("without the leading _ is no entry, and neither is one of that name only", async () => {
    const path = await newFolder();
    for (const name of ["lost+found.txt", "_", "README"]) await writeFile(join(path, name), "x");
    const storage = await openFileStorage({ path });
    expect(await storage.list("")).toEqual([]);
    await storage.close();
  });
});

describe("a journal that cannot be trusted", () => {
  const good = journal('{"put":"a","value":"eA=="}\n{"delete":"b"}\n');
  it.each([
    ["nothing", ""],
    ["text", "something else\n"],
    ["another version", good.replace("journal 1", "journal 2")],
    ["a changed value", good.replace("eA==", "eQ==")],
    ["its last line cut off", good.slice(0, -15)],
    ["its end cut off", good.slice(0, -1)],
    ["a line more", `${good}{"delete":"c"}\n`],
    ["a path out of the folder", journal('{"put":"../a","value":"eA=="}\n')],
    ["no path", journal('{"put":1}\n')],
    ["a value that is not base64", journal('{"put":"a","value":"?"}\n')],
    ["a line that is no JSON", journal("a\n")],
  ])("with %s is STORAGE_CORRUPT, and nothing changes", async (_, text) => {
    const { path, file } = await folderWithPrivateFile("journal", text);
    await writeFile(join(path, "_a"), '{"Value":"b2xk"}\n');
    await rejectsWithCode(openFileStorage({ path }), "STORAGE_CORRUPT");
    expect(await readFile(file, "utf8")).toBe(text);
    expect(await readFile(join(path, "_a"), "utf8")).toBe('{"Value":"b2xk"}\n');
    expect(await readdir(join(path, ".sealwright"))).toEqual(["journal"]);
  });

  it("but is whole is done at opening", async () => {
    const { path } = await folderWithPrivateFile("journal", good);
    await writeFile(join(path, "_b"), '{"Value":"b2xk"}\n');
    const storage = await openFileStorage({ path });
    expect(await contents(storage)).toEqual({ a: "x" });
    await storage.close();
    expect(await readdir(path)).toEqual(["_a"]);
  });

  it("because it is a draft, is thrown away with the files that were staged for it", async () => {
    const { path } = await folderWithPrivateFile("journal.new", good);
    await writeFile(join(path, ".sealwright", "staged-0"), "x");
    const storage = await openFileStorage({ path });
    expect(await contents(storage)).toEqual({});
    await storage.close();
    expect(await readdir(path)).toEqual([]);
  });
});

describe("something in the way of an entry", () => {
  it("makes a batch STORAGE_UNUSABLE, which keeps nothing, and other batches go on", async () => {
    const path = await newFolder();
    await mkdir(join(path, "_folder"));
    await writeFile(join(path, "file"), "x");
    const storage = await openFileStorage({ path });
    for (const [bad, obstacle] of [
      ["folder", "_folder"],
      ["file/below", "file"],
      ["file/far/below", "file"],
    ] as const) {
      const error = await rejectsWithCode(storage.write([put("good", "x"), put(bad, "x")]), "STORAGE_UNUSABLE");
      expect(error.message).toContain(join(path, obstacle));
    }
    expect(await storage.get("good")).toBe(undefined);
    await storage.write([put("good", "x")]);
    await storage.close();
    expect((await readdir(path)).sort()).toEqual(["_folder", "_good", "file"]);
  });
});

describe("OpenBao's layout", () => {
  it.each(["shamir", "static", "pkcs11-aes-gcm", "pkcs11-rsa-oaep"])(
    "%s: reading every entry of a foreign folder changes not even a time in it",
    async (name) => {
      const path = await copyOfFolder(join(fixtures, name, "data"));
      const before = await snapshot(path);
      const storage = await openFileStorage({ path });
      const files = Object.keys(before).filter((file) => (before[file] ?? "").startsWith("1"));
      const entries = await contents(storage);
      await storage.close();
      expect(Object.keys(entries).length).toBe(files.filter((file) => /(^|\/)_[^/]*$/.test(file)).length);
      expect(await snapshot(path)).toEqual(before);
    },
  );

  it("static: an entry written again gives the very bytes that OpenBao wrote", async () => {
    const path = await copyOfFolder(join(fixtures, "static", "data"));
    const bytesOf = async () =>
      Object.fromEntries(Object.entries(await snapshot(path)).map(([file, all]) => [file, all.split(" ").at(-1)]));
    const before = await bytesOf();
    const storage = await openFileStorage({ path });
    const paths = Object.keys(await contents(storage));
    expect(paths.length).toBeGreaterThan(30);
    for (const each of paths) {
      const value = (await storage.get(each)) ?? new Uint8Array();
      await storage.write([{ op: "delete", path: each }]);
      await storage.write([{ op: "put", path: each, value }]);
    }
    await storage.close();
    expect(await bytesOf()).toEqual(before);
  });

  it("is written as OpenBao writes it, folders with mode 0700 and files with 0600", async () => {
    const path = join(await newFolder(), "new", "data");
    const storage = await openFileStorage({ path });
    await storage.write([put("a/b/c", "hello"), put("e", "")]);
    expect(await readFile(join(path, "a/b/_c"), "utf8")).toBe('{"Value":"aGVsbG8="}\n');
    expect(await readFile(join(path, "_e"), "utf8")).toBe('{"Value":""}\n');
    for (const folder of ["..", ".", "a", "a/b", ".sealwright"]) {
      expect((await stat(join(path, folder))).mode & 0o777).toBe(0o700);
    }
    for (const file of ["a/b/_c", "_e", ".sealwright/lock"]) {
      expect((await stat(join(path, file))).mode & 0o777).toBe(0o600);
    }
    await storage.close();
  });

  it("loses the folders that a deletion leaves empty, up to one that is not", async () => {
    const path = await newFolder();
    const storage = await openFileStorage({ path });
    await storage.write([put("a/b/c/d", "x"), put("a/e", "x"), put("f/g", "x")]);
    await storage.write([remove("a/b/c/d"), remove("f/g")]);
    expect((await readdir(path, { recursive: true })).filter((name) => !name.startsWith("."))).toEqual([
      "a",
      join("a", "_e"),
    ]);
    await storage.close();
  });

  it("holds a value that Go's encoder writes as null, and that is empty", async () => {
    const path = await newFolder();
    await writeFile(join(path, "_a"), '{"Value":null}\n');
    const storage = await openFileStorage({ path });
    expect(await storage.get("a")).toEqual(new Uint8Array());
    await storage.close();
  });

  it("has nothing but the lock beside it between two batches, and nothing after closing", async () => {
    const path = await newFolder();
    const storage = await openFileStorage({ path });
    await Promise.all(Array.from({ length: 50 }, (_, i) => storage.write([put(`a/${i}`, "x")])));
    expect(await readdir(join(path, ".sealwright"))).toEqual(["lock"]);
    await storage.close();
    expect(await readdir(path)).toEqual(["a"]);
  });
});
