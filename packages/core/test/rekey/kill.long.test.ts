// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KindName, type StorageName, Template } from "./killing.ts";

const plans: readonly { storage: StorageName; kind: KindName }[] = [
  { storage: "lmdb", kind: "shamir" },
  { storage: "lmdb", kind: "auto" },
  { storage: "file", kind: "shamir" },
  { storage: "file", kind: "auto" },
];
const KILLS = 250;
const LONGEST = 30;

describe.each(plans)("a rekey on $storage ($kind), killed at many instants", ({ storage, kind }) => {
  let template: Template;
  beforeAll(async () => {
    template = await Template.create(storage, kind);
  });
  afterAll(() => template.remove());

  it("obeys the old shares or the new ones", async () => {
    const outcomes = new Set<string>();
    for (let i = 0; i < KILLS; i++) outcomes.add(await template.kill((i / KILLS) * LONGEST));
    expect([...outcomes].sort()).toEqual(["new", "old"]);
  }, 900_000);
});
