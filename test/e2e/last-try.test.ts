// SPDX-License-Identifier: Apache-2.0
/** A token that one more wrong PIN would lock: the server leaves it alone unless the operator insists. */
import { spawnSync } from "node:child_process";
import { kryoptic } from "@sealwright/testing/kryoptic";
import { partMissing } from "@sealwright/testing/parts";
import type { TestToken } from "@sealwright/testing/test-token";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workplace } from "../support/command.ts";
import { pkcs11Seal, writeConfig } from "./config.ts";

/** One try is left then. */
const WRONG_PINS = 9;

describe.skipIf(partMissing("kryoptic"))("a server whose token has one try left", () => {
  let work: Workplace;
  let hsm: TestToken;

  beforeEach(async () => {
    work = await Workplace.open();
    hsm = await kryoptic({ pin: "12345678" });
    await hsm.addAesKey({ label: "unseal-key", id: "01" });
  });
  afterEach(async () => {
    await work.close();
    await hsm.stop();
  });

  function mistypePin(): void {
    const login = ["--module", hsm.lib, "--token-label", hsm.tokenLabel, "--login", "--pin", "wrong-pin"];
    const { status } = spawnSync("pkcs11-tool", [...login, "--list-objects"], { env: { ...process.env, ...hsm.env } });
    expect(status).not.toBe(0);
  }

  test("stays sealed and says why; with -force-last-try it unseals, and afterwards without it", async () => {
    const config = await writeConfig(work, { seal: pkcs11Seal(hsm, "") });
    const env = { ...hsm.env, HSM_PIN: hsm.pin };
    const first = await work.serve([config], env);
    expect(await work.run(["operator", "init", `-address=${first.url}`])).toMatchObject({ code: 0 });
    await first.stop();
    for (let wrong = 0; wrong < WRONG_PINS; wrong++) mistypePin();

    const careful = await work.serve([config], env);
    await careful.command.until(/still sealed: .*one more wrong PIN locks the token.*none is tried/);
    await careful.stop();
    for (const args of [[config, "-force-last-try"], [config]]) {
      const server = await work.serve(args, env);
      await server.command.until(/unsealed/);
      await server.stop();
    }
  }, 60_000);
});

test("-force-last-try without a configuration of seals is refused", async () => {
  const work = await Workplace.open();
  try {
    expect(await work.run(["server", "-dev", "-force-last-try"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("-force-last-try is for -config only"),
    });
  } finally {
    await work.close();
  }
});
