// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type FaultProxy, startFaultProxy } from "@sealwright/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

let service: Server;
let proxy: FaultProxy;
let served = 0;

beforeEach(async () => {
  served = 0;
  service = createServer((_request, response) => {
    served++;
    response.end("served");
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  proxy = await startFaultProxy({ port: (service.address() as AddressInfo).port });
});
afterEach(async () => {
  await proxy.stop();
  await new Promise((resolve) => service.close(resolve));
});

const ask = (signal?: AbortSignal) => fetch(`http://${proxy.address}/`, { ...(signal && { signal }) });
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => "answered",
    (error: Error) => {
      const cause = error.cause as { code?: string; name?: string } | undefined;
      return cause?.code ?? cause?.name ?? error.name;
    },
  );

test("offline: connections are refused, also open ones are cut, until it is online again on the same port", async () => {
  expect(await (await ask()).text()).toBe("served");
  await proxy.offline();
  expect(await codeOf(ask())).toMatch(/ECONNREFUSED|UND_ERR_SOCKET|ECONNRESET/);
  expect(await codeOf(ask())).toBe("ECONNREFUSED");
  await proxy.online();
  expect(await (await ask()).text()).toBe("served");
});

test("reset: the connection is cut, and the service sees nothing of it", async () => {
  proxy.set({ kind: "reset" });
  expect(await codeOf(ask())).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
  expect(served).toBe(0);
});

test("black hole: no answer, until the caller gives up", async () => {
  proxy.set({ kind: "black hole" });
  expect(await codeOf(ask(AbortSignal.timeout(50)))).toBe("TimeoutError");
  expect(served).toBe(0);
});

test("garbage: what comes back is not HTTP", async () => {
  proxy.set({ kind: "garbage", bytes: Buffer.from("garbage\n\n") });
  expect(await codeOf(ask())).toMatch(/^HPE_|HTTPParserError/);
});

test("status: an answer with the headers and the body given", async () => {
  proxy.set({ kind: "status", status: 429, headers: { "Retry-After": "2" }, body: "{}" });
  const answer = await ask();
  expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([429, "2", "{}"]);
  expect(served).toBe(0);
});

test("delay: the answer comes, later", async () => {
  proxy.set({ kind: "delay", milliseconds: 80 });
  const start = performance.now();
  expect(await (await ask()).text()).toBe("served");
  expect(performance.now() - start).toBeGreaterThan(75);
});

test("a function: chooses by the request, which it sees", async () => {
  const seen: string[] = [];
  proxy.set((piece) => {
    const [line = ""] = piece.toString("latin1").split("\r\n");
    seen.push(line);
    return line.includes("/denied") ? { kind: "status", status: 403 } : { kind: "none" };
  });
  const statuses = [await fetch(`http://${proxy.address}/allowed`), await fetch(`http://${proxy.address}/denied`)];
  expect(statuses.map(({ status }) => status)).toEqual([200, 403]);
  expect(seen).toEqual(["GET /allowed HTTP/1.1", "GET /denied HTTP/1.1"]);
  expect(served).toBe(1);
});

test("none: everything is as it was, and connections are counted", async () => {
  proxy.set({ kind: "reset" });
  await codeOf(ask());
  proxy.set({ kind: "none" });
  expect(await (await ask()).text()).toBe("served");
  expect(proxy.connections).toBe(2);
});
