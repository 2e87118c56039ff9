// SPDX-License-Identifier: Apache-2.0
/** localstack/ with Docker is the same as without: its packages, its settings and its key, tried without Docker. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findLocalStack, LOCALSTACK_KEY, LOCALSTACK_PACKAGES } from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "./support/free-port.ts";

const folder = fileURLToPath(new URL("../localstack/", import.meta.url));
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const dockerfile = read("Dockerfile");

/** The sealed root key of the directory that OpenBao wrote with the same key, and what its data key is. */
const ENTRY = "core/hsm/_barrier-unseal-keys";

interface Recorded {
  readonly blob: { readonly key_info: { readonly wrapped_key: string; readonly key_id: string } };
  readonly dek: string;
}

function recorded(name: string): Recorded {
  const url = new URL(`fixtures/awskms-localstack/${name}`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as Record<typeof ENTRY, Recorded>)[ENTRY];
}

test("the image has the packages that run.sh installs", () => {
  expect(read("requirements.txt").trim().split("\n")).toEqual([...LOCALSTACK_PACKAGES]);
  expect(dockerfile).toContain("pip install --no-cache-dir -r /requirements.txt");
});

test("compose.yaml publishes the port of the image on the loopback alone", () => {
  const compose = read("compose.yaml");
  expect([...compose.matchAll(/- "(.*:4566)"/g)].map(([, port]) => port)).toEqual(["127.0.0.1:4566:4566"]);
});

test("the page and the configuration name the key that is made", () => {
  for (const name of ["README.md", "sealwright.hcl", "seed.py"]) expect(read(name)).toContain(LOCALSTACK_KEY.alias);
  for (const name of ["README.md", "seed.py"]) expect(read(name)).toContain(LOCALSTACK_KEY.id);
});

describe.skipIf(partMissing("LocalStack"))("what the image runs", () => {
  let state: string;
  let port: number;
  let image: ChildProcess;

  /** The image's command with its settings, but for the folder and the address. */
  function startImage(): ChildProcess {
    const { python, packages } = findLocalStack()!;
    const settings = Object.fromEntries(
      [...dockerfile.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]),
    );
    const [, script = ""] = /^COPY seed\.py \/localstack\/(.*)$/m.exec(dockerfile) ?? [];
    mkdirSync(join(state, dirname(script)), { recursive: true });
    cpSync(join(folder, "seed.py"), join(state, script));
    const [, ...args] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? "[]") as string[];
    const local = { HOME: state, PYTHONPATH: packages, FILESYSTEM_ROOT: state, GATEWAY_LISTEN: `127.0.0.1:${port}` };
    const child = spawn(python, args, {
      cwd: state,
      stdio: "ignore",
      env: { PATH: process.env.PATH, ...settings, ...local },
    });
    process.once("exit", () => child.kill("SIGKILL"));
    return child;
  }

  beforeAll(async () => {
    state = mkdtempSync(join(tmpdir(), "sealwright-localstack-image-"));
    port = await freePort();
    image = startImage();
  });
  afterAll(async () => {
    if (image !== undefined && image.exitCode === null) {
      image.kill("SIGKILL");
      await once(image, "close");
    }
    rmSync(state, { recursive: true, force: true });
  });

  test("is healthy in time, and has the key by whose ciphertext the recorded directory is sealed", async () => {
    // What compose.yaml's health check asks.
    const seeded = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${port}/_localstack/init/ready`);
      return ((await answer.json()) as { readonly completed: boolean }).completed;
    };
    await expect.poll(() => seeded().catch(() => false), { timeout: 60_000 }).toBe(true);
    const { wrapped_key, key_id } = recorded("decoded.json").blob.key_info;
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.Decrypt" },
      body: JSON.stringify({
        CiphertextBlob: Buffer.from(wrapped_key, "hex").toString("base64"),
        KeyId: LOCALSTACK_KEY.alias,
      }),
    });
    const Plaintext = Buffer.from(recorded("expected.json").dek, "hex").toString("base64");
    expect(await answer.json()).toMatchObject({ Plaintext, KeyId: key_id });
  }, 90_000);
});
