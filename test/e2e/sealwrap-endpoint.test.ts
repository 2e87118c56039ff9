// SPDX-License-Identifier: Apache-2.0
/** `sys/sealwrap/rewrap` and `seal_wrap` on servers with and without a seal to wrap by. */
import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ServerProcess, Workplace } from "../support/command.ts";
import { staticSeal, writeConfig } from "./config.ts";

let work: Workplace;

beforeEach(async () => {
  work = await Workplace.open();
});

afterEach(() => work.close());

async function ask({ url }: ServerProcess, token: string, method: string, path: string, body?: object) {
  const headers = { "X-Vault-Token": token };
  const answer = await fetch(`${url}/v1/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>) };
}

const NONE = { is_running: false, entries: { processed: 0, succeeded: 0, failed: 0 } };

test("a Shamir-only server accepts both, does nothing, and says so", async () => {
  const server = await work.serve([await writeConfig(work, {})]);
  const init = await ask(server, "", "PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 });
  const { keys, root_token: token } = init.body as { keys: string[]; root_token: string };
  await ask(server, "", "PUT", "sys/unseal", { key: keys[0] });
  expect((await ask(server, token, "GET", "sys/sealwrap/rewrap")).body).toMatchObject({ data: NONE });
  expect(await ask(server, token, "POST", "sys/sealwrap/rewrap")).toMatchObject({
    status: 200,
    body: { data: NONE, warnings: [expect.stringMatching(/no auto seal/)] },
  });
  expect(await ask(server, token, "POST", "sys/mounts/a", { type: "kv", seal_wrap: true })).toMatchObject({
    status: 200,
    body: { warnings: [expect.stringMatching(/does nothing: this server has no auto seal/)] },
  });
});

test("without a token, or on a sealed server, a rewrap is refused", async () => {
  await writeFile(work.path("seal.key"), "07".repeat(32));
  const server = await work.serve([await writeConfig(work, { seal: staticSeal(work.path("seal.key")) })]);
  expect((await ask(server, "", "POST", "sys/sealwrap/rewrap")).status).toBe(503);
  const init = await ask(server, "", "PUT", "sys/init", {});
  const { root_token: token } = init.body as { root_token: string };
  expect((await ask(server, "nobody", "POST", "sys/sealwrap/rewrap")).status).toBe(403);
  expect((await ask(server, token, "POST", "sys/sealwrap/rewrap")).status).toBe(204);
  await server.command.until(/rewrapped the entries/);
  const { body } = await ask(server, token, "GET", "sys/sealwrap/rewrap");
  expect(body).toMatchObject({
    data: {
      is_running: false,
      entries: { processed: 2, succeeded: 2, failed: 0 },
      seal_wraps: [{ type: "static", key_id: "e2e", wraps: expect.any(Number) }],
    },
  });
  const { data } = body as { data: { seal_wraps: { wraps: number }[] } };
  // At the initialisation a proof, the root key and two entries, and then these two again.
  expect(data.seal_wraps[0]?.wraps).toBeGreaterThanOrEqual(6);
});

test("disable_sealwrap takes the layer off at the next start, and without it the layer comes back; the data stays", async () => {
  await writeFile(work.path("seal.key"), "07".repeat(32));
  const seal = staticSeal(work.path("seal.key"));
  /** Whether keyring and root key for standbys have the layer on disk: a message whose first field is bytes, then `s`. */
  const layered = (): Promise<boolean[]> =>
    Promise.all(
      ["_keyring", "_root-key"].map(async (name) => {
        const file = JSON.parse(await readFile(work.path("data/core", name), "utf8")) as { Value: string };
        const entry = Buffer.from(file.Value, "base64");
        return entry[0] === 0x0a && entry.at(-1) === "s".charCodeAt(0);
      }),
    );
  let server = await work.serve([await writeConfig(work, { storage: "file", seal })]);
  const init = await ask(server, "", "PUT", "sys/init", {});
  const { root_token: token } = init.body as { root_token: string };
  await ask(server, token, "POST", "sys/mounts/a", { type: "kv" });
  await ask(server, token, "PUT", "a/b", { value: "c" });
  expect(await layered()).toEqual([true, true]);
  for (const [lines, expected] of [
    ["disable_sealwrap = true\n", false],
    ["", true],
  ] as const) {
    await server.stop();
    server = await work.serve([await writeConfig(work, { storage: "file", seal, lines })]);
    await server.command.until(/rewrapped the entries .*succeeded=2 failed=0/);
    expect(await layered()).toEqual([expected, expected]);
    expect((await ask(server, token, "GET", "a/b")).body).toMatchObject({ data: { value: "c" } });
  }
}, 30_000);
