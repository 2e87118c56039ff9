// SPDX-License-Identifier: Apache-2.0
/** A server that AWS KMS unseals, set up as localstack/README.md says: its script, its configuration, its commands. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { partMissing } from "@sealwright/testing/parts";
import { describe } from "vitest";
import { kmsAsker, replaceKey } from "../../packages/testing/src/localstack/kms-admin.ts";
import { RunningCommand, type Workplace } from "../support/command.ts";
import { freePort } from "../support/free-port.ts";
import { type Cloud, configFrom, describeCloud, withSeal } from "./cloud-suite.ts";

/** LocalStack takes three seconds of a processor to start, which others may want too. */
const KMS_PATIENCE_MS = 55_000;
/** The one that the script makes and calls alias/sealwright. */
const KEY = "arn:aws:kms:us-east-1:000000000000:key/5ea15ea1-0000-4000-8000-000000000001";
const folder = fileURLToPath(new URL("../../localstack/", import.meta.url));

/** `localstack/run.sh`, to be started and stopped. */
function scriptOn(port: number, place: Workplace) {
  let running: RunningCommand | undefined;
  return {
    /** Resolves when it says that the key is there. */
    async start(): Promise<void> {
      const { HOME = "", SEALWRIGHT_CACHE: cache } = process.env;
      const env = { HOME, ...(cache === undefined ? {} : { SEALWRIGHT_CACHE: cache }) };
      running = new RunningCommand([String(port)], { cwd: place.folder, env, program: `${folder}run.sh` });
      await running.until(/alias\/sealwright/, KMS_PATIENCE_MS);
    },
    async stop(): Promise<void> {
      running?.child.kill("SIGTERM");
      await running?.finished;
    },
  };
}

/** Runs what the page's section on failures has for `operation`, against the KMS at `port`. */
function administer(operation: string, port: number): void {
  const page = readFileSync(`${folder}README.md`, "utf8");
  const [, script = ""] = /## See it fail\n\n```sh\n([^`]+)```/.exec(page) ?? [];
  const [define = ""] = /^kms\(\) \{\n[^}]*^}$/m.exec(script) ?? [];
  const [line = ""] = new RegExp(`^kms ${operation} .*$`, "m").exec(script) ?? [];
  const { status, stdout } = spawnSync("sh", ["-ec", `${define}\n${line}`.replaceAll("4566", String(port))]);
  if (status === 0 && line !== "" && !String(stdout).includes("__type")) return;
  throw new Error(`the page's ${operation} ended with status ${status}: ${stdout}`);
}

describe.skipIf(partMissing("LocalStack"))("on LocalStack", () => {
  describeCloud(
    "a server with the configuration of localstack/",
    { atInit: [], atUnseal: ["disabled"] },
    async (place): Promise<Cloud> => {
      const port = await freePort();
      const kms = scriptOn(port, place);
      const config = (await configFrom("localstack/sealwright.hcl")).replace("127.0.0.1:4566", `127.0.0.1:${port}`);
      return {
        type: "awskms",
        config,
        misspelt: { setting: "kms_key", meant: "kms_key_id" },
        env: {},
        named: `AWS KMS at http://127.0.0.1:${port} (us-east-1), which has the key ${KEY}`,
        secrets: [],
        rotateKey: () => replaceKey(kmsAsker(`http://127.0.0.1:${port}`, "us-east-1"), "alias/sealwright"),
        troubles: {
          disabled: {
            begin: () => administer("DisableKey", port),
            end: () => administer("EnableKey", port),
            says: /the key arn:\S+ of AWS KMS at \S+ \(us-east-1\) is disabled/,
          },
        },
        recorded: "awskms-localstack",
        online: () => kms.start(),
        offline: () => kms.stop(),
        // It is the key that the script makes; the example leaves address and credentials to the SDK's own variables.
        takeRecordedKey: async () => ({
          config: withSeal(await configFrom("examples/config/awskms.hcl"), {
            region: "us-east-1",
            kms_key_id: "alias/sealwright",
          }),
          env: {
            AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${port}`,
            AWS_ACCESS_KEY_ID: "test",
            AWS_SECRET_ACCESS_KEY: "test",
          },
        }),
        stop: () => kms.stop(),
      };
    },
  );
});
