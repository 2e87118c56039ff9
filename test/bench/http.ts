// SPDX-License-Identifier: Apache-2.0
import autocannon from "autocannon";
import { bareExpress, folder, type Running, server } from "./processes.ts";
import type { Row } from "./table.ts";

const CONNECTIONS = 16;
const SECONDS = 4;

async function perSecond(url: string, options: Partial<autocannon.Options> = {}): Promise<number> {
  const load = { url, connections: CONNECTIONS, ...options };
  await autocannon({ ...load, duration: 1 });
  const result = await autocannon({ ...load, duration: SECONDS });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refusals, ${result.errors} errors`);
  return result.requests.total / result.duration;
}

async function rootToken({ url }: Running): Promise<string> {
  const answer = await fetch(`${url}/v1/sys/init`, { method: "PUT", body: "{}" });
  return ((await answer.json()) as { root_token: string }).root_token;
}

/** Key/value version 1 with token and policy checks on the path, and the load from this process on the other core. */
export async function measureHttp(): Promise<Row[]> {
  const bare = await bareExpress(220);
  const yardstick = { what: "bare Express", figure: await perSecond(`${bare.url}/`) };
  await bare.stop();
  const rows: Row[] = [{ what: "bare Express", figure: yardstick.figure, unit: "/s" }];
  for (const [type, storage] of [
    ["memory", 'storage "inmem" {}'],
    ["lmdb", 'storage "lmdb" { path = "./data" }'],
    ["file", 'storage "file" { path = "./data" }'],
  ] as const) {
    const running = await server(folder(), storage);
    const headers = { "x-vault-token": await rootToken(running) };
    const url = `${running.url}/v1/secret/bench`;
    const put = { method: "PUT" as const, headers, body: JSON.stringify({ value: "v".repeat(80) }) };
    rows.push({ what: `put, ${type}`, figure: await perSecond(url, put), unit: "/s", yardstick });
    rows.push({ what: `get, ${type}`, figure: await perSecond(url, { headers }), unit: "/s", yardstick });
    await running.stop();
  }
  return rows;
}
