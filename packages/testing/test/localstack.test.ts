// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  findLocalStack,
  installLocalStack,
  LOCALSTACK_KEY,
  type LocalStack,
  startLocalStack,
} from "@sealwright/testing/localstack";
import { partMissing } from "@sealwright/testing/parts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

const SCOPE = "Credential=test/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=0";

describe("LocalStack where it cannot run", () => {
  const cache = mkdtempSync(join(tmpdir(), "sealwright-empty-cache-"));
  beforeEach(() => void vi.stubEnv("SEALWRIGHT_CACHE", cache));
  afterEach(() => vi.unstubAllEnvs());
  afterAll(() => rmSync(cache, { recursive: true }));

  test("is not found, and starting it says what to do", async () => {
    expect(findLocalStack()).toBe(undefined);
    await expect(startLocalStack()).rejects.toThrow("LocalStack is not installed: run npm test once");
  });

  test.each(["false", "/no/such/python"])(
    "is not installed by %s in place of a Python, and leaves nothing",
    (python) => {
      vi.stubEnv("SEALWRIGHT_PYTHON", python);
      expect(() => installLocalStack()).toThrow("needs Python 3.13 or newer with pip");
      expect(readdirSync(cache)).toEqual([]);
    },
  );
});

describe.skipIf(partMissing("LocalStack"))("LocalStack", () => {
  let localStack: LocalStack;
  const plaintext = Buffer.from("32 bytes or so").toString("base64");

  beforeAll(async () => {
    localStack = await startLocalStack();
  });
  afterEach(() => localStack.heal());
  afterAll(() => localStack?.stop());

  /** One operation as a client asks for it, through the faults: the status, and the error's or the key's name. */
  async function asked(operation: string, input: object): Promise<readonly [number, unknown]> {
    const answer = await fetch(localStack.endpoint, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": `TrentService.${operation}`,
        Authorization: `AWS4-HMAC-SHA256 ${SCOPE}`,
      },
      body: JSON.stringify(input),
    });
    const body = (await answer.json()) as { readonly __type?: string; readonly KeyId?: string };
    return [answer.status, body.__type ?? body.KeyId];
  }
  const encrypt = () => asked("Encrypt", { KeyId: localStack.key.alias, Plaintext: plaintext });

  test("has the key under its id, its ARN and its alias", async () => {
    const { id, arn, alias } = localStack.key;
    expect([id, alias]).toEqual([LOCALSTACK_KEY.id, LOCALSTACK_KEY.alias]);
    for (const KeyId of [id, arn, alias]) {
      expect(await asked("Encrypt", { KeyId, Plaintext: plaintext })).toEqual([200, arn]);
    }
  });

  test("tells which operations were asked for", async () => {
    const before = localStack.calls.length;
    await encrypt();
    await asked("ListKeys", {});
    expect(localStack.calls.slice(before)).toEqual(["Encrypt", "ListKeys"]);
  });

  test("denies one operation and lets the others through", async () => {
    localStack.deny("Encrypt");
    expect(await encrypt()).toEqual([400, "AccessDeniedException"]);
    expect((await asked("ListKeys", {}))[0]).toBe(200);
  });

  test("throttles until it is healed", async () => {
    localStack.throttle();
    expect(await encrypt()).toEqual([400, "ThrottlingException"]);
    localStack.heal();
    expect((await encrypt())[0]).toBe(200);
  });

  test("answers late", async () => {
    localStack.slow(200);
    const start = performance.now();
    expect((await encrypt())[0]).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(195);
  });

  test("is offline until it is online", async () => {
    await localStack.offline();
    await expect(encrypt()).rejects.toThrow("fetch failed");
    await localStack.online();
    expect((await encrypt())[0]).toBe(200);
  });

  test("disables the key and enables it", async () => {
    await localStack.disableKey();
    expect(await encrypt()).toEqual([400, "DisabledException"]);
    await localStack.enableKey();
    expect((await encrypt())[0]).toBe(200);
  });

  test("points the alias at another key", async () => {
    const arn = await localStack.rotateKey();
    expect(arn).not.toBe(localStack.key.arn);
    expect(await encrypt()).toEqual([200, arn]);
    expect(await asked("Encrypt", { KeyId: localStack.key.id, Plaintext: plaintext })).toEqual([
      200,
      localStack.key.arn,
    ]);
  });

  test("refuses what an administrator asks wrongly, and says what it was", async () => {
    await expect(localStack.ask("DisableKey", { KeyId: "no-such-key" })).rejects.toThrow(
      /KMS refused DisableKey with status 400: .*NotFoundException/,
    );
  });

  test("does not start on a port that is taken, whoever answers there", async () => {
    const port = Number(new URL(localStack.direct).port);
    await expect(startLocalStack({ port })).rejects.toThrow(`cannot have port ${port}: something else listens there`);
  });

  test("ends when the process that started it is killed", async () => {
    const module = fileURLToPath(new URL("../src/localstack.ts", import.meta.url));
    const program = `import { startLocalStack } from ${JSON.stringify(module)};
console.log((await startLocalStack()).direct);
setInterval(() => {}, 1000);`;
    const args = ["--conditions=source", "--input-type=module-typescript", "-e", program];
    const owner = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(owner.stdout.setEncoding("utf8"), "data")) as [string];
    const health = () => fetch(`${line.trim()}/_localstack/health`).then(({ ok }) => ok);
    expect(await health()).toBe(true);
    owner.kill("SIGKILL");
    await expect.poll(() => health().catch(() => "gone"), { timeout: 10_000 }).toBe("gone");
  }, 60_000);
});
