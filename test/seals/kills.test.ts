// SPDX-License-Identifier: Apache-2.0
/** A server with an HSM and a key file, killed in the middle of each change once. Many times: `kills.long.test.ts`. */
import { partMissing } from "@sealwright/testing/parts";
import type { SoftHsm } from "@sealwright/testing/softhsm";
import { afterAll, beforeAll, describe, test } from "vitest";
import { CHANGES, KillTemplate } from "./support/killed-server.ts";
import { type Running, startHsm } from "./support/services.ts";

/** Milliseconds within which a change is over on a machine that has nothing else to do. */
const LONGEST = 40;

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

  test.each(Object.entries(CHANGES))("during %s leaves old or new, with every value", async (_name, change) => {
    await template.kill(change, Math.random() * LONGEST);
  });
});
