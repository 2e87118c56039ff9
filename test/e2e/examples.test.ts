// SPDX-License-Identifier: Apache-2.0
/** The example configurations that no other test of this folder starts a server with. */
import { writeFile } from "node:fs/promises";
import { LOCALSTACK_KEY, startLocalStack } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { softHsm } from "@sealwright/testing/softhsm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workplace } from "../support/command.ts";
import { AutoUnsealed } from "./auto-unsealed.ts";
import { configFrom } from "./cloud-suite.ts";

let server: AutoUnsealed;

beforeEach(async () => {
  server = new AutoUnsealed(await Workplace.open());
});
afterEach(() => server.place.close());

/** Initialises a server with `config`, which unseals by itself after a restart then. */
async function expectUnsealed(config: string): Promise<void> {
  await writeFile(server.place.path("server.hcl"), config);
  await server.start();
  await server.init();
  await server.restart();
  expect(await server.status()).toMatchObject({ sealed: false, recovery_seal: true });
}

describe.skipIf(partMissing("LocalStack"))("examples/config/awskms.hcl", () => {
  test("unseals by the key behind the alias that it names, in its region, by the environment's credentials", async () => {
    const aws = await startLocalStack({ region: "eu-central-1", key: { ...LOCALSTACK_KEY, alias: "alias/unseal" } });
    try {
      const { AWS_REGION: _region, ...env } = aws.env;
      server.env = env;
      await expectUnsealed(await configFrom("examples/config/awskms.hcl"));
      expect(aws.calls).toContain("Decrypt");
    } finally {
      await aws.stop();
    }
  });
});

describe.skipIf(partMissing("SoftHSM"))("examples/config/softhsm.hcl", () => {
  test("unseals by the key that README makes", async () => {
    const hsm = await softHsm();
    try {
      await hsm.addAesKey({ label: "unseal-key", id: "01" });
      server.env = { ...hsm.env, HSM_PIN: hsm.pin };
      const config = await configFrom("examples/config/softhsm.hcl");
      await expectUnsealed(config.replace(/(lib +=) ".*"/, `$1 "${hsm.lib}"`));
    } finally {
      await hsm.stop();
    }
  });
});

test("examples/config/shamir.hcl waits for people, and is unsealed by as many as it takes", async () => {
  await writeFile(server.place.path("server.hcl"), await configFrom("examples/config/shamir.hcl"));
  await server.start();
  const { body } = await server.ask("PUT", "sys/init", { secret_shares: 5, secret_threshold: 3 });
  const [first, second, third] = body.keys as readonly string[];
  for (const key of [first, second]) await server.ask("PUT", "sys/unseal", { key });
  expect(await server.status()).toMatchObject({ sealed: true, progress: 2 });
  await server.ask("PUT", "sys/unseal", { key: third });
  expect(await server.status()).toMatchObject({ sealed: false });
});
