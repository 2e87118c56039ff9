// SPDX-License-Identifier: Apache-2.0
/** The makes of token that the suites run on, each only where it is. */
import { dirname, join } from "node:path";
import { kryoptic } from "@sealwright/testing/kryoptic";
import { type Part, partMissing } from "@sealwright/testing/parts";
import { softHsm } from "@sealwright/testing/softhsm";
import type { KeyNames, TestToken } from "@sealwright/testing/test-token";
import { afterAll } from "vitest";

/** A make of token. */
export interface Make {
  readonly name: Part;
  readonly missing: boolean;
  /** A token without keys; where the make is missing, a stand-in that no skipped test looks at. */
  token(pin?: string): Promise<TestToken>;
  /** The same with one AES key. Tokens of one test file have the same one. */
  tokenWith(key: KeyNames): Promise<TestToken>;
}

const PIN = "1234";
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

/** How a make's tokens are made, and copied, which takes a fraction of the time. */
interface Mint {
  make(pin: string): Promise<TestToken>;
  copy(token: TestToken): Promise<TestToken>;
}

function make(name: Part, mint: Mint): Make {
  const missing = partMissing(name) || partMissing("C compiler");
  const originals = new Map<string, Promise<TestToken>>();
  afterAll(async () => {
    for (const original of originals.values()) await (await original).stop();
  });
  const copyOf = async (kind: string, create: () => Promise<TestToken>): Promise<TestToken> => {
    if (missing) return STAND_IN;
    const original = originals.get(kind) ?? create();
    originals.set(kind, original);
    return mint.copy(await original);
  };
  const withKey = async (key: KeyNames): Promise<TestToken> => {
    const token = await mint.make(PIN);
    await token.addAesKey(key);
    return token;
  };
  return {
    name,
    missing,
    token: (pin = PIN) => copyOf(`pin ${pin}`, () => mint.make(pin)),
    tokenWith: (key) => copyOf(`key ${key.label} ${key.id}`, () => withKey(key)),
  };
}

export const SOFTHSM = make("SoftHSM", {
  make: (pin) => softHsm({ pin }),
  copy: ({ pin, env }) => softHsm({ pin, tokens: join(dirname(env.SOFTHSM2_CONF ?? ""), "tokens") }),
});
export const KRYOPTIC = make("kryoptic", {
  make: (pin) => kryoptic({ pin }),
  copy: ({ pin, env }) => kryoptic({ pin, database: join(dirname(env.KRYOPTIC_CONF ?? ""), "token.sql") }),
});
export const MAKES = [SOFTHSM, KRYOPTIC];
