// SPDX-License-Identifier: Apache-2.0
/** The harness of an HSM under the controls of the clouds' ones, seen by the seal. */
import { openIsolated } from "@sealwright/isolation";
import { resolveConfig, type Seal } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { type HsmService, startSoftHsm } from "@sealwright/testing/hsm-service";
import { partMissing } from "@sealwright/testing/parts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";

const TEXT = Buffer.from("the root key");

describe.skipIf(partMissing("SoftHSM"))("a SoftHSM with faults", () => {
  let hsm: HsmService;
  const seals: Seal[] = [];

  const open = async (): Promise<Seal> => {
    const { config } = resolveConfig("pkcs11", plugin.config, hsm.config, {});
    const module = "@sealwright/plugin-pkcs11";
    const env = { ...process.env, ...hsm.env };
    const seal = await openIsolated({
      type: "pkcs11",
      module,
      config,
      env,
      withhold: [],
      log: () => {},
      deadlineMs: 5_000,
    });
    seals.push(seal);
    return seal;
  };

  beforeEach(async () => {
    hsm = await startSoftHsm();
  });
  afterEach(async () => {
    hsm.heal();
    hsm.online();
    await Promise.all(seals.splice(0).map((seal) => seal.close()));
    await hsm.stop();
  });

  it("refuses while it denies, and while its key is disabled, and works once it is healed", async () => {
    const seal = await open();
    const blob = await seal.wrap(TEXT);
    hsm.deny();
    await rejectsWithCode(seal.unwrap(blob), "SEAL_DENIED");
    hsm.heal();
    hsm.disableKey();
    await rejectsWithCode(seal.wrap(TEXT), "SEAL_DENIED");
    hsm.enableKey();
    expect(TEXT.equals(await seal.unwrap(blob))).toBe(true);
  });

  it("is not there while it is offline, and is slow while it is told to be", async () => {
    const seal = await open();
    const blob = await seal.wrap(TEXT);
    hsm.offline();
    await rejectsWithCode(seal.unwrap(blob), "SEAL_UNAVAILABLE");
    hsm.online();
    await expect
      .poll(() =>
        seal.unwrap(blob).then(
          (text) => TEXT.equals(text),
          () => false,
        ),
      )
      .toBe(true);
    hsm.slow(2_000);
    await rejectsWithCode(seal.unwrap(blob, { signal: AbortSignal.timeout(200) }), "SEAL_TIMEOUT");
  });

  it("has another key after a rotation, and the old one for what it wrapped", async () => {
    const before = await open();
    const old = await before.wrap(TEXT);
    const named = hsm.config.key_label;
    expect(await hsm.rotateKey()).toEqual(hsm.key);
    expect(hsm.config.key_label).not.toBe(named);
    const seal = await open();
    const fresh = await seal.wrap(TEXT);
    expect(fresh.keyInfo?.keyId).not.toBe(old.keyInfo?.keyId);
    expect(TEXT.equals(await seal.unwrap(fresh))).toBe(true);
    expect(TEXT.equals(await seal.unwrap(old))).toBe(true);
  });
});
