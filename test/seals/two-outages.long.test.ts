// SPDX-License-Identifier: Apache-2.0
/** An HSM, AWS KMS and Google Cloud KMS at once, of which any two go away. */
import { afterAll, beforeAll, describe } from "vitest";
import { survives } from "./support/outage-suite.ts";
import { NAMES, Trio, trioMissing } from "./support/trio.ts";

describe.skipIf(trioMissing)("an HSM, AWS KMS and Google Cloud KMS", () => {
  let trio: Trio;

  beforeAll(async () => {
    trio = await Trio.start();
  });
  afterAll(() => trio?.stop());

  for (const left of NAMES) {
    survives(
      () => trio,
      NAMES.filter((name) => name !== left),
    );
  }
});
