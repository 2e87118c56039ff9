// SPDX-License-Identifier: Apache-2.0
/** `sys/sealwrap/rewrap` and `seal_wrap` on servers with and without a seal to wrap by. */
import { writeFile } from "node:fs/promises";
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
