// SPDX-License-Identifier: Apache-2.0
/** `sealwright storage` on directories that OpenBao wrote, before and after it rotates them. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixtureEntries } from "../support/fixture-entries.ts";
import { FIXTURES, Fixture, filesBelow } from "./fixture.ts";
import { combineShares, entryIn, type Keyring, openBlob, openEntry, pathOf, termOf } from "./openbao-format.ts";

const PLAIN = ["core/seal-config", "core/recovery-config"];
const SEALED = ["core/hsm/barrier-unseal-keys", "core/recovery-key"];

/** The root key by OpenBao's own way, where the key that wraps it can be had without a device. */
async function rootKeyOf(fixture: Fixture, files: ReadonlyMap<string, string>): Promise<Buffer | undefined> {
  const blob = entryIn(files.get("core/hsm/_barrier-unseal-keys") ?? "");
  if (fixture.name.startsWith("pkcs11")) return undefined;
  const wrapping =
    fixture.name === "shamir"
      ? combineShares(fixture.shares.map((share) => Buffer.from(share, "hex")))
      : Buffer.from(await readFile(fixture.work.path("static.key"), "utf8"), "hex");
  const [key = ""] = JSON.parse(openBlob(wrapping, blob).toString("utf8")) as string[];
  return Buffer.from(key, "base64");
}

/** Every barrier entry's plaintext by path, read without a line of what is tested. */
function decode(files: ReadonlyMap<string, string>, keyring: Keyring): Map<string, Buffer> {
  const keys = new Map(keyring.Keys.map(({ Term, Value }) => [Term, Buffer.from(Value, "base64")]));
  const barrier = [...files].filter(([file]) => ![...PLAIN, ...SEALED, "core/keyring"].includes(pathOf(file)));
  return new Map(
    barrier.map(([file, text]) => {
      const [path, entry] = [pathOf(file), entryIn(text)];
      const key = keys.get(termOf(entry));
      if (key === undefined) throw new Error(`${path} is of term ${termOf(entry)}, which the keyring does not have`);
      return [path, openEntry(key, path, entry)];
    }),
  );
}

describe.each(FIXTURES)("a directory with a %s seal", (name) => {
  let fixture: Fixture;
  let before: Map<string, string>;
  let after: Map<string, string>;
  let oldKeyring: Keyring;
  let newKeyring: Keyring;
  let rotation: Awaited<ReturnType<Fixture["storage"]>>;

  async function keyring(): Promise<Keyring> {
    const { code, stdout, stderr } = await fixture.storage("get", "core/keyring");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Warning: .*past tokens/) });
    return JSON.parse(stdout) as Keyring;
  }

  beforeAll(async () => {
    fixture = await Fixture.copy(name);
    before = await filesBelow(fixture.data);
    oldKeyring = await keyring();
    rotation = await fixture.storage("rotate");
    after = await filesBelow(fixture.data);
    newKeyring = await keyring();
  });

  afterAll(() => fixture.work.close());

  test("is listed whole", async () => {
    const { stdout, code } = await fixture.storage("list");
    const listed = stdout.trimEnd().split("\n").sort();
    expect({ code, listed }).toEqual({ code: 0, listed: [...after.keys()].map(pathOf).sort() });
  });

  test("opens by OpenBao's own way to the same root key, before and after", async () => {
    for (const [files, { MasterKey }] of [
      [before, oldKeyring],
      [after, newKeyring],
    ] as const) {
      const rootKey = (await rootKeyOf(fixture, files)) ?? Buffer.from(MasterKey, "base64");
      const entry = entryIn(files.get("core/_keyring") ?? "");
      const opened = JSON.parse(openEntry(rootKey, "core/keyring", entry).toString("utf8")) as Keyring;
      expect({ MasterKey: opened.MasterKey, term: termOf(entry) }).toEqual({ MasterKey, term: 1 });
      expect(rootKey.toString("base64")).toBe(MasterKey);
    }
  });

  test("gets one more term by a rotation, and keeps root key, old terms and rotation settings", () => {
    expect(rotation).toMatchObject({ code: 0 });
    expect(newKeyring.MasterKey).toBe(oldKeyring.MasterKey);
    expect(newKeyring.RotationConfig).toEqual(oldKeyring.RotationConfig);
    const withoutCount = ({ Term, Value, Version, InstallTime }: Keyring["Keys"][number]) => ({
      Term,
      Value,
      Version,
      InstallTime,
    });
    const [last, ...earlier] = [...newKeyring.Keys].map(withoutCount).sort((a, b) => b.Term - a.Term);
    expect(earlier.reverse()).toEqual(oldKeyring.Keys.map(withoutCount).sort((a, b) => a.Term - b.Term));
    expect(last).toMatchObject({ Term: fixture.recorded.key_status.term + 1, Version: 1 });
    expect(last?.InstallTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    expect(Buffer.from(last?.Value ?? "", "base64")).toHaveLength(32);
  });

  test("keeps every file as it was, but for what a rotation writes", () => {
    const changed = [...after].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);
    expect(changed.sort()).toEqual(["core/_keyring", "core/_root-key"]);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  });

  test("decrypts entry by entry with Node alone to the same plaintexts, before and after", () => {
    const [old, now] = [decode(before, oldKeyring), decode(after, newKeyring)];
    expect(old.size).toBeGreaterThan(30);
    for (const [path, plaintext] of old) {
      if (path !== "core/root-key") expect({ path, now: now.get(path) }).toEqual({ path, now: plaintext });
    }
    expect(JSON.parse(now.get("core/root-key")?.toString("utf8") ?? "")).toMatchObject({ Value: newKeyring.MasterKey });
  });

  test("gives every entry of every kind by `storage get`", async () => {
    const decoded = decode(after, newKeyring);
    const some = [...PLAIN, ...SEALED, "core/mounts", ...[...decoded.keys()].filter((path) => /db2?$/.test(path))];
    for (const path of some.filter((each) => [...after.keys()].some((file) => pathOf(file) === each))) {
      const { code, stdout } = await fixture.storage("get", "-format=base64", path);
      expect({ path, code }).toEqual({ path, code: 0 });
      const expected = decoded.get(path);
      if (expected !== undefined) expect(stdout.trim()).toBe(expected.toString("base64"));
      else if (PLAIN.includes(path))
        expect(JSON.parse(Buffer.from(stdout, "base64").toString("utf8"))).toBeTypeOf("object");
      else expect(Buffer.from(stdout, "base64").length).toBeGreaterThan(31);
    }
  });
});

describe.each(["shamir", "static"] as const)("what OpenBao itself decrypted of the %s directory", (name) => {
  test("is what stands in it, entry by entry", async () => {
    const fixture = await Fixture.copy(name);
    try {
      const { stdout } = await fixture.storage("get", "core/keyring");
      const decoded = decode(await filesBelow(fixture.data), JSON.parse(stdout) as Keyring);
      const recorded = fixtureEntries(name).filter(({ path }) => decoded.has(path));
      expect(recorded.length).toBeGreaterThan(30);
      for (const { path, plaintext_hex } of recorded) {
        expect({ path, hex: decoded.get(path)?.toString("hex") }).toEqual({ path, hex: plaintext_hex });
      }
    } finally {
      await fixture.work.close();
    }
  });
});

describe("what stands in the way offline", () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await Fixture.copy("shamir");
  });

  afterAll(() => fixture.work.close());

  const run = (args: readonly string[], input = "") => fixture.work.run(["storage", ...args], fixture.env, input);

  test.each(["list", "get", "rotate"])("%s refuses a storage that a server holds, and names it", async (verb) => {
    const server = await fixture.work.serve(["-config=config.hcl"]);
    const { code, stderr } = await fixture.storage(verb, ...(verb === "get" ? ["core/keyring"] : []));
    await server.stop();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`held by process ${server.command.pid}`));
  });

  test.each([
    { what: "too few shares", shares: (all: readonly string[]) => all.slice(0, 1), says: /needs 2/ },
    { what: "a share twice", shares: ([one = ""]: readonly string[]) => [one, one], says: /twice/ },
    { what: "a share that is no share", shares: () => ["zz", "zz"], says: /hex or base64/ },
    {
      what: "shares of before the rekey",
      shares: () => fixture.recorded.initial.keys_hex.slice(0, 2),
      says: /do not open|share/,
    },
  ])("rotate refuses $what, says why, and writes nothing", async ({ shares, says }) => {
    const before = await filesBelow(fixture.data);
    const given = shares(fixture.recorded.current.keys_hex);
    const { code, stderr } = await run(["rotate", "-config=config.hcl", "-"], given.join("\n"));
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
    expect(given.filter((share) => share.length > 10 && stderr.includes(share))).toEqual([]);
    expect(await filesBelow(fixture.data)).toEqual(before);
  });

  test("get says so where there is no such entry, or a path leaves the storage", async () => {
    for (const path of ["core/nothing", "../config.hcl", "core/../../config.hcl"]) {
      const { code, stdout, stderr } = await fixture.storage("get", path);
      expect({ path, code, stdout }).toEqual({ path, code: 1, stdout: "" });
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });

  test("keys given with -key open the storage, too", async () => {
    const keys = fixture.shares.map((share) => `-key=${share}`);
    expect(await run(["list", "-config=config.hcl", ...keys, "core/"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^core\/keyring$/m),
    });
  });
});
