// SPDX-License-Identifier: Apache-2.0
/** The makes of token that the suites run on, each only where it is. */
import { kryoptic } from "@sealwright/testing/kryoptic";
import { type Part, partMissing } from "@sealwright/testing/parts";
import { softHsm } from "@sealwright/testing/softhsm";
import type { TestToken } from "@sealwright/testing/test-token";

/** A make of token. */
export interface Make {
  readonly name: Part;
  readonly missing: boolean;
  /** A new token; where the make is missing, a stand-in that no skipped test looks at. */
  token(pin?: string): Promise<TestToken>;
}

const nothing = (): Promise<void> => Promise.resolve();
const STAND_IN: TestToken = {
  lib: "missing",
  tokenLabel: "missing",
  pin: "missing",
  env: {},
  addAesKey: nothing,
  addRsaKey: nothing,
  addHmacKey: nothing,
  deleteSecretKey: nothing,
  changePin: nothing,
  stop: nothing,
};

function make(name: Part, open: (options: { pin: string }) => Promise<TestToken>): Make {
  const missing = partMissing(name) || partMissing("C compiler");
  return { name, missing, token: (pin = "1234") => (missing ? Promise.resolve(STAND_IN) : open({ pin })) };
}

export const SOFTHSM = make("SoftHSM", softHsm);
export const KRYOPTIC = make("kryoptic", kryoptic);
export const MAKES = [SOFTHSM, KRYOPTIC];
