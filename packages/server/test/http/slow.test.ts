// SPDX-License-Identifier: Apache-2.0
/** Clients that are slow, half gone or too many, and a listener that closes under them. */
import { describe, expect, test } from "vitest";
import type { ApiRequest } from "../../src/http/api.ts";
import { Deadline } from "../../src/http/deadline.ts";
import { RateLimiter } from "../../src/http/rate-limit.ts";
import type { Listening } from "../../src/runtime/listen.ts";
import { type EdgeOptions, echo, exchange, openEdge, Wire } from "./edge.ts";

const GET = "GET /v1/a HTTP/1.1\r\nHost: here\r\n";
const ENDED = `${GET}Connection: close\r\n\r\n`;

async function withEdge(options: EdgeOptions, work: (url: string, edge: Listening) => Promise<void>): Promise<void> {
  const own = await openEdge(options);
  try {
    await work(own.url, own);
  } finally {
    await own.close(0);
  }
}

const impatient = {
  listener: `tls_disable = true
    http_read_header_timeout = "150ms"
    http_read_timeout        = "300ms"`,
};

describe("a slow client", () => {
  test.each([
    ["in the middle of its request line", "GET /v1"],
    ["in the middle of its headers", `${GET}X-Slow: `],
    ["in the middle of its body", "PUT /v1/a HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\n{"],
    ["in the middle of a chunk", "PUT /v1/a HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"],
    ["in the middle of a LIST", "LIST /v1"],
  ])("that stops %s is told 408 and dropped", async (_where, bytes) => {
    await withEdge(impatient, async (url) => {
      const { statuses, received } = await exchange(url, bytes);
      expect(statuses).toEqual([408]);
      expect(received).toContain("http_read_timeout");
    });
  });

  test("that sends a byte now and then is dropped all the same, and holds nobody up meanwhile", async () => {
    await withEdge(impatient, async (url) => {
      const slow = await Wire.open(url);
      slow.send(GET);
      const drip = setInterval(() => slow.send("X"), 20);
      let served = 0;
      let dropped = false;
      void slow.closed.then(() => (dropped = true));
      while (!dropped) {
        expect((await exchange(url, ENDED)).statuses).toEqual([200]);
        served++;
      }
      clearInterval(drip);
      expect(served).toBeGreaterThan(1);
      slow.destroy();
    });
  });

  test("that has sent all but keeps its connection is not dropped as late", async () => {
    await withEdge(impatient, async (url) => {
      const wire = await Wire.open(url);
      for (let round = 1; round <= 3; round++) {
        wire.send(`${GET}\r\n`);
        await wire.answers(round);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      expect(wire.statuses).toEqual([200, 200, 200]);
      wire.destroy();
    });
  });

  test("that goes away in the middle of its body reaches nothing", async () => {
    const reached: ApiRequest[] = [];
    const failures: unknown[] = [];
    const dispatch = (request: ApiRequest) => {
      reached.push(request);
      return echo(request);
    };
    await withEdge({ dispatch, onFailure: (error) => failures.push(error) }, async (url) => {
      const wire = await Wire.open(url);
      wire.send("PUT /v1/a HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\n{");
      wire.socket.end();
      await wire.closed;
      wire.destroy();
      expect((await exchange(url, ENDED)).statuses).toEqual([200]);
      expect(reached.map(({ method }) => method)).toEqual(["GET"]);
      expect(failures).toEqual([]);
    });
  });

  test("that closes its half of the connection is not kept", async () => {
    await withEdge({}, async (url) => {
      const wire = await Wire.open(url);
      wire.socket.end(`${GET}\r\n`);
      await wire.closed;
      wire.destroy();
      const idle = await Wire.open(url);
      idle.socket.end();
      await idle.closed;
      idle.destroy();
      expect((await exchange(url, ENDED)).statuses).toEqual([200]);
    });
  });
});

describe("a request that takes too long", () => {
  test("is 408, its signal aborts, and its late answer goes nowhere", async () => {
    let finish: () => void = () => undefined;
    const signals: AbortSignal[] = [];
    const dispatch = async (request: ApiRequest) => {
      signals.push(request.signal);
      if (request.path === "slow") await new Promise<void>((resolve) => (finish = resolve));
      return echo(request);
    };
    await withEdge({ dispatch, maxRequestDuration: 80 }, async (url) => {
      const wire = await Wire.open(url);
      wire.send("GET /v1/slow HTTP/1.1\r\nHost: here\r\n\r\n");
      const [body] = await wire.answers(1);
      expect(wire.statuses).toEqual([408]);
      expect(body).toContain("max_request_duration");
      expect(signals[0]?.aborted).toBe(true);
      finish();
      wire.send(`${GET}\r\n`);
      await wire.answers(2);
      expect(wire.statuses).toEqual([408, 200]);
      wire.destroy();
    });
  });

  test("has a signal that is aborted even if nobody asked for it in time", async () => {
    const deadline = new Deadline(5);
    await expect(deadline.bound(new Promise(() => undefined))).rejects.toMatchObject({ status: 408 });
    expect(deadline.signal.aborted).toBe(true);
  });

  test("does not come into it when the work fails first", async () => {
    const deadline = new Deadline(10_000);
    await expect(deadline.bound(Promise.reject(new Error("own")))).rejects.toThrow("own");
    expect(deadline.signal.aborted).toBe(false);
  });
});

describe("too many requests", () => {
  const rateLimits = { windowMilliseconds: 60_000, requests: 2, paths: ["/v1/sys/unseal", "/v1/sys/init"] };
  const write = (target: string) => `PUT ${target} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n`;

  test("are 429 with Retry-After, however the path is written, and each path has a count of its own", async () => {
    await withEdge({ rateLimits }, async (url) => {
      expect((await exchange(url, write("/v1/sys/unseal"))).statuses).toEqual([200]);
      expect((await exchange(url, write("/v1/sys/un%73eal"))).statuses).toEqual([200]);
      for (const target of ["/v1/sys/unseal", "/v1/sys/%75nseal?x", "http://a/v1/sys/unseal"]) {
        const { statuses, received } = await exchange(url, write(target));
        expect(statuses).toEqual([429]);
        expect(Number(/Retry-After: (\d+)/.exec(received)?.[1])).toBeGreaterThan(50);
      }
      expect((await exchange(url, write("/v1/sys/init"))).statuses).toEqual([200]);
      expect((await exchange(url, write("/v1/sys/seal"))).statuses).toEqual([200]);
      expect((await exchange(url, ENDED.replace("/v1/a", "/v1/sys/unseal"))).statuses).toEqual([200]);
    });
  });

  test("are counted anew in the next window", () => {
    let now = 0;
    const limiter = new RateLimiter({ windowMilliseconds: 1_500, requests: 1, paths: ["/a"] }, () => now);
    expect(limiter.admit("/a")).toBe(0);
    expect(limiter.admit("/a")).toBe(2);
    now = 1_000;
    expect(limiter.admit("/a")).toBe(1);
    now = 1_500;
    expect(limiter.admit("/a")).toBe(0);
    expect(limiter.admit("/b")).toBe(0);
  });
});

describe("a listener that closes", () => {
  test("lets a request in flight end, drops idle connections, and takes no new ones", async () => {
    const waiting: (() => void)[] = [];
    const dispatch = async (request: ApiRequest) => {
      if (request.path === "slow") await new Promise<void>((resolve) => waiting.push(resolve));
      return echo(request);
    };
    const edge = await openEdge({ dispatch });
    const [idle, idleAfterList, busy] = [
      await Wire.open(edge.url),
      await Wire.open(edge.url),
      await Wire.open(edge.url),
    ];
    idle.send(`${GET}\r\n`);
    idleAfterList.send("LIST /v1/a HTTP/1.1\r\nHost: here\r\n\r\n");
    busy.send("GET /v1/slow HTTP/1.1\r\nHost: here\r\n\r\n");
    await idle.answers(1);
    await idleAfterList.answers(1);
    await expect.poll(() => waiting.length).toBe(1);
    const closed = edge.close(10_000);
    await Promise.all([idle.closed, idleAfterList.closed]);
    await expect(Wire.open(edge.url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    waiting[0]?.();
    await busy.answers(1);
    expect(busy.statuses).toEqual([200]);
    // Its connection is kept alive, and dropped as soon as it is idle.
    await closed;
    await busy.closed;
    for (const wire of [idle, idleAfterList, busy]) wire.destroy();
  });

  test("drops what is still in flight after its grace", async () => {
    const edge = await openEdge({ dispatch: () => new Promise(() => undefined) });
    const wire = await Wire.open(edge.url);
    wire.send(`${GET}\r\n`);
    await edge.close(50);
    await wire.closed;
    expect(wire.statuses).toEqual([]);
    wire.destroy();
  });
});
