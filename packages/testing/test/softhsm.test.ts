// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { partMissing } from "../src/parts.ts";
import { findSoftHsm, softHsm } from "../src/softhsm.ts";

describe.skipIf(partMissing("SoftHSM"))("the SoftHSM harness", () => {
  it("without SoftHSM says what to install", async () => {
    vi.stubEnv("SOFTHSM2_LIB", "/no/such/libsofthsm2.so");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(findSoftHsm()).toBeUndefined();
    await expect(softHsm()).rejects.toThrow("apt install softhsm2 opensc");
  });

  it("without the tools says what to install", async () => {
    vi.stubEnv("PATH", "/no/such/folder");
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(softHsm()).rejects.toThrow("softhsm2-util is not installed: apt install softhsm2 opensc");
  });

  it("refuses to change a PIN that it is not, and to delete a key that is not there", async () => {
    const hsm = await softHsm();
    onTestFinished(() => hsm.stop());
    await expect(hsm.changePin("9999", "8888")).rejects.toThrow("pkcs11-tool --change-pin failed");
    await expect(hsm.deleteSecretKey({ label: "none", id: "09" })).rejects.toThrow("--delete-object failed");
  });

  it("keeps each token in a folder of its own, and removes it", async () => {
    const [one, two] = await Promise.all([softHsm(), softHsm()]);
    expect(one.env.SOFTHSM2_CONF).not.toBe(two.env.SOFTHSM2_CONF);
    await one.stop();
    expect(existsSync(dirname(one.env.SOFTHSM2_CONF))).toBe(false);
    expect(existsSync(two.env.SOFTHSM2_CONF)).toBe(true);
    await two.stop();
  });

  it("copies a folder of tokens rather than using it", async () => {
    const original = await softHsm({ tokenLabel: "mine", pin: "4321" });
    onTestFinished(() => original.stop());
    const tokens = join(dirname(original.env.SOFTHSM2_CONF), "tokens");
    const copy = await softHsm({ tokenLabel: "mine", pin: "4321", tokens });
    onTestFinished(() => copy.stop());
    await copy.addAesKey({ label: "only here", id: "01" });
    await expect(original.deleteSecretKey({ label: "only here", id: "01" })).rejects.toThrow("failed");
    await copy.deleteSecretKey({ label: "only here", id: "01" });
  });
});
