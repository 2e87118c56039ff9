// SPDX-License-Identifier: Apache-2.0
/** For which region requests are signed: the order in which it is looked for. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveConfig, type Stanza } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { plugin } from "../src/index.ts";
import { keyAddressedIn, regionIn } from "../src/key-id.ts";
import { ENCRYPTED, type StubAws, startStubAws } from "./support/stub-aws.ts";

const folder = mkdtempSync(join(tmpdir(), "sealwright-awskms-region-"));
const shared = join(folder, "config");
const ARN = "arn:aws:kms:eu-west-3:111122223333:key/5ea15ea1-0000-4000-8000-000000000001";

let stub: StubAws;
const warnings: string[] = [];

beforeAll(async () => {
  stub = await startStubAws();
  writeFileSync(shared, "[default]\nregion = eu-north-1\n[profile app]\nregion = eu-south-1\n");
});
beforeEach(() => {
  warnings.length = 0;
  stub.received.length = 0;
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "none"));
  vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", stub.address);
  stub.reply = ({ method, path }) => {
    if (path === "/") return ENCRYPTED;
    return method === "PUT" ? { status: 200, body: "imds-token" } : { status: 200, body: "ap-southeast-2" };
  };
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});

/** The region of the request that a wrap with these settings makes. */
async function regionWith(settings: Stanza, env: NodeJS.ProcessEnv = {}): Promise<string | undefined> {
  const stanza = { kms_key_id: "alias/app", endpoint: stub.address, access_key: "AKIA", secret_key: "s", ...settings };
  const { config } = resolveConfig("awskms", plugin.config, stanza, env);
  const seal = await plugin.open(config, {
    log: (level, message) => void (level === "warn" && warnings.push(message)),
  });
  try {
    await seal.wrap(Buffer.from("root key"));
    return stub.received.at(-1)?.region;
  } finally {
    await seal.close();
  }
}

describe("the region is looked for", () => {
  test("in the block, which wins over the variables", async () => {
    expect(await regionWith({ region: "eu-central-1" }, { AWS_REGION: "us-west-1" })).toBe("eu-central-1");
  });

  test("in the key's ARN", async () => {
    vi.stubEnv("AWS_CONFIG_FILE", shared);
    expect(await regionWith({ kms_key_id: ARN })).toBe("eu-west-3");
  });

  test("in AWS_REGION and AWS_DEFAULT_REGION, which win over the shared configuration", async () => {
    vi.stubEnv("AWS_CONFIG_FILE", shared);
    expect(await regionWith({}, { AWS_REGION: "us-west-1", AWS_DEFAULT_REGION: "us-west-2" })).toBe("us-west-1");
    expect(await regionWith({}, { AWS_DEFAULT_REGION: "us-west-2" })).toBe("us-west-2");
  });

  test("in the shared configuration, in the profile that the block names", async () => {
    vi.stubEnv("AWS_CONFIG_FILE", shared);
    expect(await regionWith({})).toBe("eu-north-1");
    expect(await regionWith({ shared_creds_profile: "app" })).toBe("eu-south-1");
  });

  test("at the instance's metadata service, once", async () => {
    expect(await regionWith({})).toBe("ap-southeast-2");
    expect(stub.received.map(({ path }) => path)).toEqual([
      "/latest/api/token",
      "/latest/meta-data/placement/region",
      "/",
    ]);
  });

  test("a metadata service that answers nonsense gives none", async () => {
    stub.reply = ({ path }) => (path === "/" ? ENCRYPTED : { status: 200, body: "<html>" });
    expect(await regionWith({})).toBe("us-east-1");
  });

  test("nowhere else: it is us-east-1, and a warning says that it was assumed", async () => {
    stub.reply = ({ path }) => (path === "/" ? ENCRYPTED : { status: 404 });
    expect(await regionWith({})).toBe("us-east-1");
    expect(warnings).toEqual([expect.stringContaining("and assumes us-east-1")]);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    stub.received.length = 0;
    expect(await regionWith({})).toBe("us-east-1");
    expect(stub.received).toHaveLength(1);
  });

  test("and a key of another region than the variable's is refused at once", async () => {
    const { message } = await rejectsWithCode(
      regionWith({ kms_key_id: ARN }, { AWS_REGION: "us-west-1" }),
      "SEAL_CONFIG",
    );
    expect(message).toContain("names a key in eu-west-3, and region is us-west-1");
    expect(stub.received).toEqual([]);
  });
});

describe("the names of keys", () => {
  test("only ARNs tell a region", () => {
    const partitioned = "arn:aws-cn:kms:cn-north-1:1:alias/app";
    expect([ARN, partitioned].map(regionIn)).toEqual(["eu-west-3", "cn-north-1"]);
    for (const name of ["alias/app", "5ea15ea1", "arn:aws:s3:eu-west-3:1:key/1", "arn:aws:kms:eu-west-3"]) {
      expect([name, regionIn(name)]).toEqual([name, undefined]);
    }
  });

  test("a multi-Region key is addressed by its replica, any other key stays what it is", () => {
    const primary = "arn:aws:kms:us-east-1:1:key/mrk-1234";
    expect(keyAddressedIn("eu-west-3", primary)).toBe("arn:aws:kms:eu-west-3:1:key/mrk-1234");
    for (const name of [ARN, "mrk-1234", "alias/mrk-app", "arn:aws:kms:us-east-1:1:alias/key/mrk-1"]) {
      expect(keyAddressedIn("eu-west-1", name)).toBe(name);
    }
  });
});
