// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import type { Client } from "../http/client.ts";
import { parseData } from "../input/pairs.ts";
import type { Io } from "../io.ts";
import { findKvTarget, type KvTarget } from "./target.ts";

/** A secret to be written, and where. */
export interface KvWrite {
  readonly target: KvTarget;
  /** Of the secret's data. */
  readonly apiPath: string;
  readonly data: Awaited<ReturnType<typeof parseData>>;
  /** What stands beside the data in a request to KV 2. */
  readonly options: { readonly options?: { readonly cas: number } };
}

/** Reads `PATH key=value …` and finds the mount. Throws `UsageError` where there is no data. */
export async function kvWrite(
  client: Client,
  flags: { readonly mount: string | undefined; readonly cas: number | undefined },
  args: readonly string[],
  io: Io,
): Promise<KvWrite> {
  const [path, ...pairs] = args as [string, ...string[]];
  const data = await parseData(pairs, io);
  if (data.size === 0) throw new UsageError("Must supply data");
  const target = await findKvTarget(client, flags.mount, path);
  const options = flags.cas === undefined ? {} : { options: { cas: flags.cas } };
  return { target, apiPath: target.path("data"), data, options };
}
