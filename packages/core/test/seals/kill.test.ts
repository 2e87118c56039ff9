// SPDX-License-Identifier: Apache-2.0
/** Real kills in the middle of a migration: the rest is on the old seal, on both, or on the new one, and opens. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHome } from "../support/homes.ts";
import { copyOf } from "../support/storages.ts";
import { Kms, openedOf, opens, storeOf } from "./support.ts";

const CHILD = fileURLToPath(new URL("./kill-child.ts", import.meta.url));
/** Milliseconds that migration and finish take at most on a busy machine; kills are spread over it. */
const LONGEST = 60;

type Instant = "ready" | "migrated" | "finished" | number;

async function killed(type: string, path: string, instant: Instant): Promise<void> {
  const child = spawn(process.execPath, ["--conditions=source", CHILD, type, path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === "ready" && instant !== "ready") {
        child.stdin.write("go\n");
        if (typeof instant === "number") setTimeout(() => child.kill("SIGKILL"), instant);
      }
      if (line === instant) child.kill("SIGKILL");
    }
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

describe.each([
  { type: "lmdb", random: 8 },
  { type: "file", random: 4 },
])("a migration on $type, killed", ({ type, random }) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sealwright-migrate-"));
    const { store } = await openedOf([new Kms("a")], { storage: await openHome(type, join(folder, "template")) });
    await store.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Which of a and b open what is left, and which the storage says are its seals. */
  async function left(instant: Instant): Promise<string> {
    const path = await mkdtemp(join(folder, "copy-"));
    await cp(join(folder, "template"), path, { recursive: true });
    await killed(type, path, instant);
    const home = await openHome(type, path);
    const storage = await copyOf(home);
    await home.close();
    const kms = [new Kms("a"), new Kms("b")];
    const answers = await Promise.all(kms.map((each) => opens(storage, each)));
    const { store } = await storeOf(kms, { storage });
    const members = (await store.seals.holdings()).filter(({ state }) => state !== "new").map(({ name }) => name);
    const opening = kms.filter((_, index) => answers[index]).map(({ name }) => name);
    expect(members.sort()).toEqual(opening);
    return opening.join("+");
  }

  it.each([
    ["ready", ["a"]],
    // The next step may have been reached before the kill.
    ["migrated", ["a+b", "b"]],
    ["finished", ["b"]],
  ] as const)("at %s leaves a storage that opens as it should: %j", async (instant, expected) => {
    expect(expected).toContain(await left(instant));
  });

  it("at a random instant leaves one of the three states", async () => {
    const outcomes: string[] = [];
    for (let each = 0; each < random; each++) outcomes.push(await left(Math.random() * LONGEST));
    expect(outcomes.filter((each) => !["a", "a+b", "b"].includes(each))).toEqual([]);
  }, 120_000);
});
