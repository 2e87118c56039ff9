// SPDX-License-Identifier: Apache-2.0
/** A proxy between the server and Google, as `https_proxy` names it: gRPC heeds it by itself. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type CodedError, rejectsWithCode } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openSeal, stanzaFor } from "./support/cloud.ts";

const HOST = "kms.example.invalid";
const rootKey = Buffer.alloc(32, 7);
let kms: CloudKms;
let proxy: Server;
let status = 200;
const asked: (string | undefined)[] = [];

beforeAll(async () => {
  kms = await startCloudKms();
  proxy = createServer();
  proxy.on("connect", (request, client: Socket) => {
    asked.push(request.url);
    client.on("error", () => client.destroy());
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const upstream = connect(kms.port, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    upstream.on("error", () => client.destroy());
    return upstream.pipe(client).pipe(upstream);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});
beforeEach(() => {
  asked.length = 0;
  // The shortest pauses between attempts.
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(async () => {
  proxy.close();
  await once(proxy, "close");
  await kms.stop();
});

const openBehind = (port: number) => {
  vi.stubEnv("https_proxy", `http://127.0.0.1:${port}`);
  return openSeal({ ...stanzaFor(kms), endpoint: `http://${HOST}:9000`, endpoint_plaintext: "true" });
};
const proxyPort = (): number => (proxy.address() as AddressInfo).port;

/** What a seal says, twice, of a proxy at `port` that gets it nowhere. */
async function refusedBehind(port: number): Promise<readonly CodedError[]> {
  const seal = await openBehind(port);
  try {
    return [
      await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE"),
      await rejectsWithCode(seal.wrap(rootKey), "SEAL_UNAVAILABLE"),
    ];
  } finally {
    await seal.close();
  }
}

function expectNamed(errors: readonly CodedError[]): void {
  for (const { message, advice } of errors) {
    expect(message).toBe(
      `${HOST}:9000, which has the key ${kms.key}, is not reached: ` +
        "the proxy before it does not answer, or does not let it through",
    );
    expect(advice).toContain("https_proxy");
  }
}

test.each([403, 407])("that refuses with %d is SEAL_UNAVAILABLE, and not taken for Google's denial", async (code) => {
  status = code;
  expectNamed(await refusedBehind(proxyPort()));
  expect(new Set(asked)).toEqual(new Set([`${HOST}:9000`]));
});

test("that is down is SEAL_UNAVAILABLE, and told from a service that is down", async () => {
  expectNamed(await refusedBehind(1));
});

test("that lets requests through is what finds the host", async () => {
  status = 200;
  const seal = await openBehind(proxyPort());
  expect(Buffer.from(await seal.unwrap(await seal.wrap(rootKey)))).toEqual(rootKey);
  expect(asked).toEqual([`${HOST}:9000`]);
  await seal.close();
});

test("is passed by where no_proxy says so", async () => {
  vi.stubEnv("no_proxy", ".invalid");
  const [{ message } = { message: "" }] = await refusedBehind(proxyPort());
  expect(message).toMatch(/no host of that name/);
  expect(asked).toEqual([]);
});
