// SPDX-License-Identifier: Apache-2.0
/** A proxy between the server and Azure, as `HTTPS_PROXY` names it. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Seal } from "@sealwright/seal";
import { rejectsWithCode } from "@sealwright/testing";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openSeal } from "./support/open-seal.ts";

let vault: KeyVaultServer;
let proxy: Server;
let status: number;
const asked: string[] = [];

beforeAll(async () => {
  vault = await startKeyVault();
  proxy = createServer();
  proxy.on("connect", (request, client: Socket) => {
    asked.push(request.url ?? "");
    client.on("error", () => client.destroy());
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const upstream = connect(vault.port, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    upstream.on("error", () => client.destroy());
    return upstream.pipe(client).pipe(upstream);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  proxy.close();
  await once(proxy, "close");
  await vault.stop();
});

/** A seal with a proxy at `port`. */
async function openBehind(port: number): Promise<Seal> {
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${port}`);
  try {
    return await openSeal(vault.config);
  } finally {
    vi.unstubAllEnvs();
  }
}

const proxyPort = (): number => (proxy.address() as AddressInfo).port;

test.each([403, 407])(
  "that refuses with %d is SEAL_UNAVAILABLE, and not taken for the vault's denial",
  async (code) => {
    status = code;
    const seal = await openBehind(proxyPort());
    const { message, advice } = await rejectsWithCode(seal.wrap(new Uint8Array(32)), "SEAL_UNAVAILABLE");
    expect(message).toBe(
      `a proxy before ${vault.url} does not let requests for the key autounseal through (status ${code})`,
    );
    expect(advice).toContain("HTTPS_PROXY");
    expect(asked.at(-1)).toBe(`127.0.0.1:${vault.port}`);
    await seal.close();
  },
);

test("that is down is SEAL_UNAVAILABLE, and the advice names the proxy", async () => {
  const seal = await openBehind(1);
  const { advice } = await rejectsWithCode(seal.wrap(new Uint8Array(32)), "SEAL_UNAVAILABLE");
  expect(advice).toContain("the proxy");
  await seal.close();
});

test("that lets requests through knows nothing of tls_ca_cert, and the advice says so", async () => {
  status = 200;
  const seal = await openBehind(proxyPort());
  const { message, advice } = await rejectsWithCode(seal.wrap(new Uint8Array(32)), "SEAL_UNAVAILABLE");
  expect(message).toContain("comes from no authority that is trusted");
  expect(advice).toContain("NODE_EXTRA_CA_CERTS");
  await seal.close();
});
