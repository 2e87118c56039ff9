// SPDX-License-Identifier: Apache-2.0
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiRequest } from "../../src/http/api.ts";
import type { Listening } from "../../src/runtime/listen.ts";
import { type EdgeOptions, echo, exchange, openEdge, Wire } from "./edge.ts";

let edge: Listening;
const reached: ApiRequest[] = [];
const LIMIT = 1_000;

beforeAll(async () => {
  const dispatch = (request: ApiRequest) => {
    reached.push(request);
    return echo(request);
  };
  edge = await openEdge({ dispatch, maxRequestSize: LIMIT });
});
afterAll(() => edge.close(0));

/** Opens an edge for one test. */
async function withEdge(options: EdgeOptions, work: (url: string) => Promise<void>): Promise<void> {
  const own = await openEdge(options);
  try {
    await work(own.url);
  } finally {
    await own.close(0);
  }
}

const head = (method: string, target: string, ...headers: string[]) =>
  `${[`${method} ${target} HTTP/1.1`, "Host: here", "Connection: close", ...headers].join("\r\n")}\r\n\r\n`;
const put = (body: string | Buffer, ...headers: string[]) =>
  Buffer.concat([
    Buffer.from(head("PUT", "/v1/x", `Content-Length: ${Buffer.byteLength(body)}`, ...headers)),
    Buffer.from(body),
  ]);
const chunked = (...chunks: (string | Buffer)[]) =>
  Buffer.concat([
    Buffer.from(head("PUT", "/v1/x", "Transfer-Encoding: chunked")),
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${Buffer.byteLength(chunk).toString(16)}\r\n`),
      Buffer.from(chunk),
      Buffer.from("\r\n"),
    ]),
    Buffer.from("0\r\n\r\n"),
  ]);

async function statusOf(bytes: string | Buffer): Promise<number | undefined> {
  const { statuses } = await exchange(edge.url, bytes);
  expect(statuses.length).toBeLessThanOrEqual(1);
  return statuses[0];
}

/** The path that arrives for a target. */
async function pathFor(target: string): Promise<unknown> {
  const { received } = await exchange(edge.url, head("GET", target));
  return JSON.parse(received.slice(received.indexOf("{"))).path;
}

describe("a path", () => {
  test.each([
    ["/v1/secret/a", "secret/a"],
    ["/v1/secret/a/", "secret/a/"],
    ["/v1/secret/a%20b", "secret/a b"],
    ["/v1/secret/%61", "secret/a"],
    ["/v1/secret/%F0%9F%98%80", "secret/😀"],
    ["/v1/secret/a..b", "secret/a..b"],
    ["http://elsewhere:1/v1/secret/a?b=c", "secret/a"],
    ["HTTPS://elsewhere/v1/secret/a", "secret/a"],
    [`/v1/${"x".repeat(10_000)}`, "x".repeat(10_000)],
  ])("in %s arrives decoded", async (target, path) => {
    const arrived = (await pathFor(target)) as string;
    expect(Buffer.from(arrived, "latin1").toString("utf8")).toBe(path);
  });

  test.each([
    ["an encoded slash", "/v1/a%2fb"],
    ["an encoded slash in capitals", "/v1/a%2Fb"],
    ["a .. segment", "/v1/a/../sys/seal"],
    ["an encoded .. segment", "/v1/a/%2e%2e/sys/seal"],
    ["a . segment", "/v1/./a"],
    ["a NUL", "/v1/a%00"],
    ["a line feed", "/v1/a%0a"],
    ["a DEL", "/v1/a%7f"],
    ["half an escape", "/v1/a%2"],
    ["no escape", "/v1/a%zz"],
    ["an overlong slash", "/v1/a%c0%afb"],
    ["an overlong NUL", "/v1/a%e0%80%80b"],
    ["a lone surrogate", "/v1/a%ed%a0%80"],
    ["a raw byte beyond ASCII", "/v1/\xe9"],
    ["a parameter list that is neither true nor false", "/v1/a?list=perhaps"],
  ])("with %s is 400, and reaches nothing", async (_what, target) => {
    reached.length = 0;
    expect(await statusOf(head("GET", target))).toBe(400);
    expect(reached).toEqual([]);
  });

  test.each(["/", "/v2/sys/health", "/V1/sys/health", "/v1", "/v1?list=true"])("%s is 404", async (target) => {
    expect(await statusOf(head("GET", target))).toBe(404);
  });

  test("with empty segments is sent to the one without, on this server, its query kept", async () => {
    const { received } = await exchange(edge.url, head("GET", "/v1//evil.example//a?x=1&x=2"));
    expect(received).toMatch(/^HTTP\/1\.1 307 /);
    expect(received).toContain("\r\nLocation: /v1/evil.example/a?x=1&x=2\r\n");
  });

  test("longer than a header may be is 431 with a sentence", async () => {
    const { statuses, received } = await exchange(edge.url, head("GET", `/v1/${"x".repeat(20_000)}`));
    expect(statuses).toEqual([431]);
    expect(received).toContain("longer than 16384 bytes");
  });
});

describe("a method", () => {
  test.each(["1", "t", "T", "true", "TRUE", "True"])("GET with list=%s is LIST", async (value) => {
    const { received } = await exchange(edge.url, head("GET", `/v1/a?list=${value}`));
    expect(received).toContain('"method":"LIST"');
  });

  test.each(["0", "f", "false", ""])("GET with list=%s stays GET", async (value) => {
    const { received } = await exchange(edge.url, head("GET", `/v1/a?list=${value}`));
    expect(received).toContain('"method":"GET"');
  });

  test.each(["OPTIONS", "TRACE", "PROPFIND", "LINK"])("%s is 405", async (method) => {
    expect(await statusOf(head(method, "/v1/a"))).toBe(405);
  });

  test("HEAD is answered without a body", async () => {
    const { received } = await exchange(edge.url, head("HEAD", "/v1/a"));
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received.endsWith("\r\n\r\n")).toBe(true);
  });
});

describe("headers", () => {
  test("a token of 8,000 characters arrives; one of 20,000 is 431", async () => {
    const { received } = await exchange(edge.url, head("GET", "/v1/a", `X-Vault-Token: ${"t".repeat(8_000)}`));
    expect(received).toContain(`"token":"${"t".repeat(8_000)}"`);
    expect(await statusOf(head("GET", "/v1/a", `X-Vault-Token: ${"t".repeat(20_000)}`))).toBe(431);
  });

  test("too long of a HEAD are 431 without a body", async () => {
    const { received } = await exchange(edge.url, head("HEAD", `/v1/${"x".repeat(20_000)}`));
    expect(received).toMatch(/^HTTP\/1\.1 431 [^{]*Content-Length: 0\r\n\r\n$/);
  });

  test("two tokens are neither of the two", async () => {
    const { received } = await exchange(edge.url, head("GET", "/v1/a", "X-Vault-Token: a", "X-Vault-Token: b"));
    expect(received).toContain('"token":"a, b"');
  });

  test("a wish for a wrapped answer is 400, since the secret itself would come instead", async () => {
    expect(await statusOf(head("GET", "/v1/a", "X-Vault-Wrap-TTL: 60s"))).toBe(400);
  });

  test("a namespace is 404", async () => {
    expect(await statusOf(head("GET", "/v1/a", "X-Vault-Namespace: team"))).toBe(404);
  });

  test("X-Vault-Request is asked for where the listener requires it", async () => {
    await withEdge({ requireRequestHeader: true }, async (url) => {
      expect((await exchange(url, head("GET", "/v1/a"))).statuses).toEqual([412]);
      expect((await exchange(url, head("GET", "/v1/a", "X-Vault-Request: true"))).statuses).toEqual([200]);
    });
  });

  test("that are no headers are 400 in JSON, and the connection ends", async () => {
    const { statuses, received } = await exchange(edge.url, "GET /v1/a HTTP/1.1\r\nHo st: x\r\n\r\n");
    expect(statuses).toEqual([400]);
    expect(received).toContain('{"errors":["the request is not valid HTTP"]}');
  });

  test("of a body with two lengths are 400: no proxy in front may see another request than we do", async () => {
    expect(await statusOf(head("PUT", "/v1/a", "Content-Length: 1", "Transfer-Encoding: chunked"))).toBe(400);
    expect(await statusOf(head("PUT", "/v1/a", "Content-Length: 1", "Content-Length: 2"))).toBe(400);
  });
});

describe("a body", () => {
  const zeros = Buffer.from(`"${"0".repeat(100_000)}"`);

  test("of the largest size arrives; one more byte is 413", async () => {
    const largest = `"${"x".repeat(LIMIT - 2)}"`;
    expect(await statusOf(put(largest))).toBe(200);
    expect(await statusOf(chunked(largest.slice(0, 400), largest.slice(400)))).toBe(200);
    expect(await statusOf(put(`${largest} `))).toBe(413);
    expect(await statusOf(chunked(largest, " "))).toBe(413);
  });

  test.each([
    ["gzip", gzipSync(zeros)],
    ["deflate", deflateSync(zeros)],
    ["br", brotliCompressSync(zeros)],
  ])("that %s made small counts as large as it is: 413", async (encoding, bytes) => {
    expect(bytes.length).toBeLessThan(LIMIT);
    expect(await statusOf(put(bytes, `Content-Encoding: ${encoding}`))).toBe(413);
  });

  test("that was compressed arrives as it was", async () => {
    const { received } = await exchange(edge.url, put(gzipSync('{"a":1}'), "Content-Encoding: gzip"));
    expect(received).toContain('"text":"{\\"a\\":1}"');
  });

  test.each(["compress", "zstd", "constructor", "gzip, gzip"])("encoded as %s is 415", async (encoding) => {
    expect(await statusOf(put("{}", `Content-Encoding: ${encoding}`))).toBe(415);
  });

  test("that is not what its encoding says is 400", async () => {
    expect(await statusOf(put("not gzip", "Content-Encoding: gzip"))).toBe(400);
    expect(await statusOf(put(gzipSync("{}").subarray(0, 12), "Content-Encoding: gzip"))).toBe(400);
  });

  test("that is announced too large is refused before it is sent", async () => {
    const wire = await Wire.open(edge.url);
    wire.send(head("PUT", "/v1/x", "Content-Length: 1073741824"));
    await wire.closed;
    expect(wire.statuses).toEqual([413]);
    wire.destroy();
  });

  test("without end is cut off", async () => {
    const wire = await Wire.open(edge.url);
    wire.send(head("PUT", "/v1/x", "Transfer-Encoding: chunked"));
    const flood = setInterval(() => wire.send(`400\r\n${"x".repeat(1024)}\r\n`), 5);
    await wire.closed;
    clearInterval(flood);
    expect([413, undefined]).toContain(wire.statuses[0]);
    wire.destroy();
  });

  test.each([
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["overlong UTF-8", Buffer.from([0x22, 0xc0, 0x80, 0x22])],
    ["513 nested arrays", "[".repeat(513)],
  ])("of %s is 400, and reaches nothing", async (_what, bytes) => {
    reached.length = 0;
    expect(await statusOf(put(bytes))).toBe(400);
    expect(reached).toEqual([]);
  });

  test("of 100,000 nested arrays is 400, and at once", async () => {
    await withEdge({}, async (url) => {
      const bytes = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
      expect((await exchange(url, put(bytes))).statuses).toEqual([400]);
    });
  });

  test("with more strings, or of more memory, than the listener allows is 400", async () => {
    await withEdge({ jsonLimits: { strings: 2, memory: 10_000 } }, async (url) => {
      expect((await exchange(url, put('{"a":"b"}'))).statuses).toEqual([200]);
      expect((await exchange(url, put('["a","b","c"]'))).statuses).toEqual([400]);
      expect((await exchange(url, put(`[${"1,".repeat(200)}1]`))).statuses).toEqual([400]);
    });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"])(
    "of the type %s is taken as it is",
    async (type) => {
      expect(await statusOf(put("{}", `Content-Type: ${type}`))).toBe(200);
    },
  );

  test("with chunks that are none is 400", async () => {
    expect(await statusOf(`${head("PUT", "/v1/x", "Transfer-Encoding: chunked")}zz\r\n`)).toBe(400);
  });
});

describe("pipelined requests", () => {
  const kept = (path: string) => `GET /v1/${path} HTTP/1.1\r\nHost: here\r\n\r\n`;

  test("are answered in their order", async () => {
    const wire = await Wire.open(edge.url);
    wire.send(kept("1") + kept("2") + kept("3"));
    const paths = (await wire.answers(3)).map((each) => (JSON.parse(each) as { path: string }).path);
    expect(paths).toEqual(["1", "2", "3"]);
    wire.destroy();
  });

  test("before one that is malformed are answered, then comes 400, and the end", async () => {
    const { statuses } = await exchange(edge.url, `${kept("1") + kept("2")}NONSENSE\r\n\r\n${kept("3")}`);
    expect(statuses).toEqual([200, 200, 400]);
  });

  test("after a refused body are not read from it", async () => {
    const { statuses } = await exchange(
      edge.url,
      `PUT /v1/x HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n${kept("smuggled")}`,
    );
    expect(statuses).toEqual([413]);
  });
});
