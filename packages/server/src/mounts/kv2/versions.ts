// SPDX-License-Identifier: Apache-2.0
/** `delete/`, `undelete/` and `destroy/`: chosen versions of a secret. */
import * as z from "zod";
import type { ApiResponse } from "../../http/api.ts";
import { readFields } from "../../http/body.ts";
import { HttpError } from "../../http/problem.ts";
import { noContent } from "../../http/respond.ts";
import { checkKeyPath, type Kv2Request } from "./context.ts";
import { deleteVersions, destroyVersions, type KeyMetadata, undeleteVersions } from "./key-metadata.ts";

const expected = "expected a list of version numbers";
const INTEGER = /^-?\d+$/;
const one = z.union([z.int(), z.string()], { error: expected });

/** Numbers, texts of numbers, or one text with commas, as Vault's command line sends them. */
export const versionsBody = z.object({ versions: z.union([one, z.array(one)], { error: expected }).optional() });

function readVersions(text: string): number[] {
  const { versions = [] } = readFields(text, versionsBody);
  const words = [versions].flat().flatMap((each) => String(each).split(","));
  const given = words.map((word) => word.trim()).filter((word) => word !== "");
  if (given.length === 0) throw new HttpError(400, "No version number provided");
  if (!given.every((word) => INTEGER.test(word))) throw new HttpError(400, `versions: ${expected}`);
  return given.map(Number);
}

/** Changes the key, if there is one, by `change`; what it names as gone loses its data in the same batch. */
async function changeKey(
  call: Kv2Request,
  change: (key: KeyMetadata, numbers: readonly number[]) => Promise<{ key: KeyMetadata; gone: readonly number[] }>,
): Promise<ApiResponse> {
  checkKeyPath(call.path);
  const numbers = readVersions(call.request.text);
  return call.alone(async () => {
    const before = await call.keys.key(call.path);
    if (before === undefined) return noContent();
    const { key, gone } = await change(before, numbers);
    await call.keys.put(call.path, key, undefined, gone);
    return noContent();
  });
}

/** Marks the versions that the body names as deleted. */
export function deleteChosen(call: Kv2Request): Promise<ApiResponse> {
  return changeKey(call, async (key, numbers) => ({ key: deleteVersions(key, numbers, call.now()), gone: [] }));
}

/** Takes back the deletion of the versions that the body names. */
export function undeleteChosen(call: Kv2Request): Promise<ApiResponse> {
  return changeKey(call, async (key, numbers) => ({
    key: undeleteVersions(key, numbers, await call.keys.config(), call.now()),
    gone: [],
  }));
}

/** Removes the data of the versions that the body names for good. */
export function destroyChosen(call: Kv2Request): Promise<ApiResponse> {
  return changeKey(call, async (key, numbers) => ({
    key: destroyVersions(key, numbers),
    gone: numbers.filter((number) => key.versions[number] !== undefined),
  }));
}
