// SPDX-License-Identifier: Apache-2.0
/** A server with an HSM and a key file, killed at many instants of each change of its seals. */
import { partMissing } from "@sealwright/testing/parts";
import type { SoftHsm } from "@sealwright/testing/softhsm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { CHANGES, KillTemplate } from "./support/killed-server.ts";
import { type Running, startHsm } from "./support/services.ts";

/** For each of the six changes; with those of `kills.test.ts` there are 40 in all. */
const KILLS = [6, 6, 6, 6, 5, 5];

describe.skipIf(partMissing("SoftHSM"))("a server that is killed", () => {
  let hsm: Running<SoftHsm>;
  let template: KillTemplate;
  beforeAll(async () => {
    hsm = await startHsm();
    template = await KillTemplate.create(hsm);
  });
  afterAll(async () => {
    await template?.remove();
    await hsm?.stop();
  });

  const plans = Object.entries(CHANGES).map(([name, change], index) => ({ name, change, kills: KILLS[index] ?? 0 }));
  test.each(plans)(
    "during $name leaves old or new, with every value",
    async ({ change, kills }) => {
      const took = await template.kill(change);
      for (let i = 0; i < kills; i++) await template.kill(change, (took * (i + Math.random())) / kills);
    },
    180_000,
  );
});
