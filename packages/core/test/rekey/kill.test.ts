// SPDX-License-Identifier: Apache-2.0
/** Real kills in the middle of a rekey: LMDB before, after and at random instants; files a few, being swept otherwise. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KindName, type StorageName, Template } from "./killing.ts";

const plans: readonly { storage: StorageName; kind: KindName; random: number }[] = [
  { storage: "lmdb", kind: "shamir", random: 15 },
  { storage: "lmdb", kind: "auto", random: 15 },
  { storage: "file", kind: "shamir", random: 4 },
];
/** Milliseconds that the last step takes at most on a busy machine; kills are spread over it. */
const LONGEST = 30;

describe.each(plans)("a rekey on $storage ($kind), killed", ({ storage, kind, random }) => {
  let template: Template;
  beforeAll(async () => {
    template = await Template.create(storage, kind);
  });
  afterAll(() => template.remove());

  it("before the last share, obeys the old shares", async () => {
    expect(await template.kill("ready")).toBe("old");
  });

  it("after it is done, obeys the new shares", async () => {
    expect(await template.kill("done")).toBe("new");
  });

  it("when the new shares were made, or at a random instant, obeys one set and never neither or both", async () => {
    const outcomes = [await template.kill("made")];
    for (let i = 0; i < random; i++) outcomes.push(await template.kill(Math.random() * LONGEST));
    expect(outcomes.filter((each) => each !== "old" && each !== "new")).toEqual([]);
  }, 120_000);
});
