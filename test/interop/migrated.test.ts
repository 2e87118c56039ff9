// SPDX-License-Identifier: Apache-2.0
/** A directory that was migrated to a seal, or that several seals open, read by OpenBao's own way by the first one alone. */
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeConfig } from "../e2e/config.ts";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { filesBelow } from "./fixture.ts";
import { combineShares, entryIn, type Keyring, openBlob, openEntry } from "./openbao-format.ts";

const [OLD, NEW] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];

let work: Workplace;
beforeEach(async () => {
  work = await Workplace.open();
  await writeFile(work.path("old.key"), OLD.toString("hex"));
  await writeFile(work.path("new.key"), NEW.toString("hex"));
});
afterEach(() => work.close());

const block = (name: "old" | "new", lines = "") => `seal "static" {
  name           = "${name}"
  current_key_id = "${name}-key"
  current_key    = "file://./${name}.key"
  ${lines}
}
`;
const serve = async (seal: string) => work.serve([await writeConfig(work, { storage: "file", seal })]);

/** Runs a command against `server`; fails where that fails. */
async function ok(server: ServerProcess, args: readonly string[], token = "", input?: string): Promise<string> {
  const { code, stdout, stderr } = await work.run(args, { VAULT_ADDR: server.url, VAULT_TOKEN: token }, input);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function init(server: ServerProcess, ...flags: string[]): Promise<{ token: string; keys: string[] }> {
  const printed = JSON.parse(await ok(server, ["operator", "init", "-format=json", ...flags])) as Record<
    string,
    unknown
  >;
  const { unseal_keys_b64, recovery_keys_b64, root_token } = printed as Record<string, string[]>;
  return { token: String(root_token), keys: recovery_keys_b64?.length ? recovery_keys_b64 : (unseal_keys_b64 ?? []) };
}

/** What OpenBao's way finds by `key` alone, once the second layer is taken off. */
async function openBaosWay(key: Buffer) {
  expect(await work.run(["storage", "unwrap", "-config=server.hcl"])).toMatchObject({ code: 0 });
  const files = await filesBelow(work.path("data"));
  const entry = (file: string): Buffer => entryIn(files.get(file) ?? "");
  const [text = ""] = JSON.parse(openBlob(key, entry("core/hsm/_barrier-unseal-keys")).toString()) as string[];
  const opened = openEntry(Buffer.from(text, "base64"), "core/keyring", entry("core/_keyring"));
  return {
    keyring: JSON.parse(opened.toString()) as Keyring,
    rootKey: text,
    config: JSON.parse(entry("core/_seal-config").toString()) as object,
    recoveryConfig: JSON.parse(entry("core/_recovery-config").toString()) as object,
    recoveryKey: openBlob(key, entry("core/_recovery-key")),
  };
}

function shared(keys: readonly string[]): Buffer {
  return combineShares(keys.slice(0, 2).map((each) => Buffer.from(each, "base64")));
}

describe("a directory", () => {
  test("migrated from shares is one of a single seal, with the shares as recovery shares", async () => {
    const first = await serve("");
    const { keys } = await init(first, "-key-shares=3", "-key-threshold=2");
    await first.stop();
    const server = await serve(block("new"));
    for (const key of keys.slice(0, 2)) await ok(server, ["operator", "unseal", "-migrate", "-"], "", key);
    await server.stop();
    const read = await openBaosWay(NEW);
    expect(read.keyring.MasterKey).toBe(read.rootKey);
    expect(read.config).toMatchObject({ type: "static", secret_shares: 1, secret_threshold: 1 });
    expect(read.recoveryConfig).toMatchObject({ type: "shamir", secret_shares: 3, secret_threshold: 2 });
    expect(read.recoveryKey).toEqual(shared(keys));
  }, 30_000);

  test("migrated online is one of the new seal, and the old one's key opens nothing of it", async () => {
    const first = await serve(block("old"));
    const { token, keys } = await init(first, "-recovery-shares=3", "-recovery-threshold=2");
    await first.stop();
    const server = await serve(block("old") + block("new", "priority = 2"));
    await server.command.until(/unsealed/);
    await ok(server, ["operator", "seal", "migrate", "-to=new", "-accept-weaker"], token);
    await ok(server, ["operator", "seal", "migrate", "-finish", "-force"], token);
    await server.stop();
    await writeConfig(work, { storage: "file", seal: block("new") });
    const read = await openBaosWay(NEW);
    expect(read.keyring.MasterKey).toBe(read.rootKey);
    expect(read.keyring.Keys).toHaveLength(2);
    expect(read.recoveryKey).toEqual(shared(keys));
    const files = await filesBelow(work.path("data"));
    expect([...files.keys()].filter((file) => file.startsWith("sealwright/seals/"))).toEqual([]);
    expect(() => openBlob(OLD, entryIn(files.get("core/hsm/_barrier-unseal-keys") ?? ""))).toThrow();
  }, 30_000);

  test("of two seals opens by the first one alone, whose blob is a plain one", async () => {
    const server = await serve(block("old") + block("new", "priority = 2"));
    const { keys } = await init(server, "-accept-weaker", "-recovery-shares=3", "-recovery-threshold=2");
    await server.stop();
    const read = await openBaosWay(OLD);
    expect(read.keyring.MasterKey).toBe(read.rootKey);
    expect(read.recoveryKey).toEqual(shared(keys));
  }, 30_000);
});
