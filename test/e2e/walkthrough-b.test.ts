// SPDX-License-Identifier: Apache-2.0
/** The start of a rekey of a server with one share, as a person reads it. */
import { afterEach, describe, expect, test } from "vitest";
import { SEALS, Stage } from "./walkthrough/stage.ts";
import { rows, UUID } from "./walkthrough/tables.ts";

let stage: Stage;
afterEach(() => stage.close());

describe.each(SEALS)("on a %s seal with one share", (seal) => {
  test.each([
    ["-key-shares=3 -key-threshold=2", 3, 2],
    ["-n=3 -t=2", 3, 2],
    ["-n 1 -t 1", 1, 1],
  ])("-init %s shows nonce, progress and the new numbers, and the next needs a cancel", async (numbers, n, t) => {
    stage = await Stage.open(seal, { shares: 1, threshold: 1 });
    const { shell, target, rekeyPath } = stage;
    const shown = rows(await shell.ok(`sealwright operator rekey ${target}-init ${numbers}`));
    expect(shown).toMatchObject({
      Nonce: expect.stringMatching(UUID),
      Started: "true",
      "Rekey Progress": "0/1",
      "New Shares": String(n),
      "New Threshold": String(t),
      "Verification Required": "false",
    });
    const by = (await stage.http("GET", `${rekeyPath}/init`)).body;
    expect(by).toMatchObject({ nonce: shown.Nonce, started: true, n, t, progress: 0, required: 1 });
    expect(await shell.run(`sealwright operator rekey ${target}-init ${numbers}`)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/rekey already in progress/),
    });
  });
});
