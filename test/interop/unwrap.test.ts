// SPDX-License-Identifier: Apache-2.0
/** `sealwright storage unwrap`: a directory that a server of ours seal-wrapped is read by OpenBao's own way afterwards. */
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { staticSeal, writeConfig } from "../e2e/config.ts";
import { Workplace } from "../support/command.ts";
import { filesBelow } from "./fixture.ts";
import { entryIn, type Keyring, openBlob, openEntry, termOf } from "./openbao-format.ts";

const KEY = Buffer.alloc(32, 7);
const FILES = ["core/_keyring", "core/_root-key"] as const;

let work: Workplace;

beforeEach(async () => {
  work = await Workplace.open();
  await writeFile(work.path("seal.key"), KEY.toString("hex"));
  await writeConfig(work, { storage: "file", seal: staticSeal(work.path("seal.key")) });
  const server = await work.serve(["-config=server.hcl"]);
  await work.run(["operator", "init", `-address=${server.url}`]);
  await server.stop();
});

afterEach(() => work.close());

const storage = (...args: readonly string[]) =>
  work.run(["storage", args[0] ?? "", "-config=server.hcl", ...args.slice(1)]);

async function entries(): Promise<Buffer[]> {
  const files = await filesBelow(work.path("data"));
  return FILES.map((file) => entryIn(files.get(file) ?? ""));
}

test("takes the layer off both entries, and OpenBao's way opens keyring and root key", async () => {
  expect((await entries()).map((entry) => entry.at(-1))).toEqual([0x73, 0x73]);
  expect(await storage("unwrap")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/core\/keyring\n {2}core\/root-key/),
  });
  const files = await filesBelow(work.path("data"));
  const blob = entryIn(files.get("core/hsm/_barrier-unseal-keys") ?? "");
  const [text = ""] = JSON.parse(openBlob(KEY, blob).toString("utf8")) as string[];
  const [keyringEntry, rootKeyEntry] = await entries();
  expect(termOf(keyringEntry!)).toBe(1);
  const opened = openEntry(Buffer.from(text, "base64"), "core/keyring", keyringEntry!).toString("utf8");
  const keyring = JSON.parse(opened) as Keyring;
  expect(keyring.MasterKey).toBe(text);
  const dataKey = Buffer.from(keyring.Keys[0]?.Value ?? "", "base64");
  const standbys = openEntry(dataKey, "core/root-key", rootKeyEntry!).toString("utf8");
  expect(JSON.parse(standbys)).toMatchObject({ Value: text });
});

test("changes nothing the second time, and the next server wraps again", async () => {
  await storage("unwrap");
  const unwrapped = await entries();
  expect((await storage("unwrap")).stdout).toMatch(/Nothing is seal-wrapped/);
  expect(await entries()).toEqual(unwrapped);
  const server = await work.serve(["-config=server.hcl"]);
  await server.command.until(/rewrapped the entries/);
  await server.stop();
  expect((await entries()).map((entry) => entry.at(-1))).toEqual([0x73, 0x73]);
});

test("storage rotate leaves the layer as it finds it, and storage get reads through it", async () => {
  expect(await storage("rotate")).toMatchObject({ code: 0, stdout: expect.stringMatching(/Key Term +2/) });
  expect((await entries()).map((entry) => entry.at(-1))).toEqual([0x73, 0x73]);
  const keyring = JSON.parse((await storage("get", "core/keyring")).stdout) as Keyring;
  const rootKey = JSON.parse((await storage("get", "core/root-key")).stdout) as { Value: string };
  expect(rootKey.Value).toBe(keyring.MasterKey);
});

test("with another seal key is refused, and nothing is written", async () => {
  const before = await entries();
  await writeFile(work.path("seal.key"), Buffer.alloc(32, 8).toString("hex"));
  expect((await storage("unwrap")).code).toBe(1);
  expect(await entries()).toEqual(before);
});
