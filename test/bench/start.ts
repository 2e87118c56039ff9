// SPDX-License-Identifier: Apache-2.0
import { folder, memoryOf, type Running, server } from "./processes.ts";
import { median, type Row } from "./table.ts";

const RUNS = 7;

async function initialize({ url }: Running): Promise<void> {
  await fetch(`${url}/v1/sys/init`, { method: "PUT", body: "{}" });
}

/** Starts on existing data, several times: the first run fills the compile cache and is not counted. */
export async function measureStart(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const type of ["lmdb", "file"]) {
    const path = folder();
    const storage = `storage "${type}" { path = "./data" }`;
    const first = await server(path, storage);
    await initialize(first);
    await first.stop();
    const times: number[] = [];
    let memory = 0;
    for (let run = 0; run < RUNS; run++) {
      const running = await server(path, storage);
      times.push(running.readyAfter);
      memory = memoryOf(running.pid);
      await running.stop();
    }
    rows.push({ what: `start to unsealed, ${type}`, figure: median(times), unit: "ms" });
    rows.push({ what: `memory after start, ${type}`, figure: memory / 2 ** 20, unit: "MiB" });
  }
  return rows;
}
