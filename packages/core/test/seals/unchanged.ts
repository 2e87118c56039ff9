// SPDX-License-Identifier: Apache-2.0
import type { Storage } from "@sealwright/core";
import { rejectsWithCode } from "@sealwright/testing";
import { expect } from "vitest";
import { snapshot } from "../support/storages.ts";

/** Expects that `refused` is refused with `code`, and that nothing has changed by that. */
export async function unchanged(storage: Storage, refused: Promise<unknown>, code: string): Promise<void> {
  const before = await snapshot(storage);
  await rejectsWithCode(refused, code as never);
  expect(await snapshot(storage)).toEqual(before);
}
