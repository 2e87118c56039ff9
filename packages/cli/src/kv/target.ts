// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "../errors.ts";
import { type FlagSet, text } from "../flags/flag.ts";
import type { Client } from "../http/client.ts";
import { ApiError } from "../http/errors.ts";
import { objectField, textField } from "../http/fields.ts";

/** The part of a KV version 2 mount that a request is about. */
export type KvArea = "data" | "metadata" | "delete" | "undelete" | "destroy";

/** A secret's place: which KV version its mount has, and the API path of each area. */
export interface KvTarget {
  readonly version: 1 | 2;
  /** The API path; version 1 has one area, so the same for each. */
  path(area: KvArea): string;
}

/** The flag of every `kv` command. */
export const mountFlags = {
  mount: text({
    name: "mount",
    usage: "The mount's path, for example secret. The argument is then the path inside it.",
  }),
} satisfies FlagSet;

const CANNOT_TELL = [403, 404];

/**
 * Asks the server which mount a path belongs to and which KV version it has. A server that doesn't know or doesn't
 * tell is taken to have version 1 there.
 */
export async function findKvTarget(client: Client, mount: string | undefined, path: string): Promise<KvTarget> {
  const inside = trimSlashes(path);
  const whole = mount === undefined ? inside : joined(trimSlashes(mount), inside);
  const found = await askForMount(client, mount === undefined ? whole : trimSlashes(mount));
  if (found?.version !== 2) return { version: 1, path: () => whole };
  const rest = mount === undefined ? withinMount(whole, found.path) : inside;
  return { version: 2, path: (area) => joined(joined(found.path, area), rest) };
}

/** Throws `UsageError` when the target is version 1, which keeps no versions. */
export function requireVersion2(target: KvTarget, what: string): void {
  if (target.version === 2) return;
  throw new UsageError(`${what} needs a KV version 2 mount, and ${target.path("data")} is in one of version 1`);
}

async function askForMount(client: Client, path: string): Promise<{ version: number; path: string } | undefined> {
  try {
    const { body } = await client.prepare("GET", `sys/internal/ui/mounts/${path}`);
    const mount = objectField(body, "data") ?? body;
    const version = textField(objectField(mount, "options") ?? {}, "version");
    return { version: version === "2" ? 2 : 1, path: trimSlashes(textField(mount, "path")) };
  } catch (error) {
    if (error instanceof ApiError && CANNOT_TELL.includes(error.status)) return undefined;
    throw error;
  }
}

/** The part of a path after its mount. */
function withinMount(whole: string, mountPath: string): string {
  return whole === mountPath ? "" : whole.slice(mountPath.length + 1);
}

function joined(front: string, back: string): string {
  return back === "" ? front : `${front}/${back}`;
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}
