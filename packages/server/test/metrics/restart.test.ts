// SPDX-License-Identifier: Apache-2.0
/** `sys/key-status` over restarts, as an operator sees it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../tokens/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "sealwright-count-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function count(server: TestServer): Promise<unknown> {
  return (await server.call("GET", "sys/key-status")).body.data;
}

it("goes on where it was after a stop and a start, in the same term", async () => {
  const first = await startTestServer({ folder });
  for (let each = 0; each < 50; each++) await first.call("PUT", `secret/${each}`, { body: { a: "b" } });
  const before = await count(first);
  await first.stop();
  const next = await startTestServer({ folder, root: first.root });
  expect(await count(next)).toEqual(before);
  await next.call("PUT", "sys/rotate");
  expect(await count(next)).toMatchObject({ term: 2 });
  const rotated = await count(next);
  await next.stop();
  const last = await startTestServer({ folder, root: first.root });
  expect(await count(last)).toEqual(rotated);
  await last.stop();
});
