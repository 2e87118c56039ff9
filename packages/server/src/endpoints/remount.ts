// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { dataResponse, mergedResponse } from "../http/respond.ts";
import type { MountChanges } from "../mounts/mount-changes.ts";
import { mountPath } from "../mounts/mount-path.ts";

/** Moves that can still be asked about. */
const REMEMBERED = 256;

const text = z.string({ error: "expected a text" });
const body = z.object({ from: text.default(""), to: text.default("") });

/** `sys/remount`. A move is one batch, so it has succeeded by the time that clients ask how far it is. */
export function remountEndpoints(changes: MountChanges): Endpoint[] {
  const moves = new Map<string, { source_mount: string; target_mount: string; status: "success" }>();
  const move = operationWith("Move a mount to another path", body, async ({ fields }) => {
    const [from, to] = [mountPath(fields.from), mountPath(fields.to)];
    await changes.move(from, to);
    const id = randomUUID();
    moves.set(id, { source_mount: from, target_mount: to, status: "success" });
    const [oldest] = moves.keys();
    if (moves.size > REMEMBERED && oldest !== undefined) moves.delete(oldest);
    return mergedResponse({ migration_id: id });
  });
  const status = operation("How far a move is", async ({ rest }) => {
    const move = moves.get(rest);
    if (move === undefined) throw new HttpError(404);
    return dataResponse({ migration_id: rest, migration_info: move });
  });
  return [
    { path: "sys/remount", access: "sudo", operations: onWrite(move) },
    { path: "sys/remount/status/*", access: "guarded", operations: { GET: status } },
  ];
}
