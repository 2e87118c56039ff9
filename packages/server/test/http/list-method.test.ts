// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { standIn } from "../../src/http/list-method.ts";
import type { Listening } from "../../src/runtime/listen.ts";
import { makeCertificates } from "../runtime/certificates.ts";
import { type Dispatch, echo, exchange, openEdge, Wire } from "./edge.ts";

const list = (path: string, more = "") => `LIST /v1/${path} HTTP/1.1\r\nHost: here\r\n${more}\r\n`;
const get = (path: string, more = "") => `GET /v1/${path} HTTP/1.1\r\nHost: here\r\n${more}\r\n`;

const folder = mkdtempSync(join(tmpdir(), "sealwright-list-"));
/** Requests for `slow/…` wait here until they are let go. */
const waiting: (() => void)[] = [];
const dispatch: Dispatch = async (request) => {
  if (request.path.startsWith("slow/")) await new Promise<void>((resolve) => waiting.push(resolve));
  return echo(request);
};

const listeners: Record<string, Listening> = {};
beforeAll(async () => {
  const { cert, key } = makeCertificates(folder);
  listeners.plain = await openEdge({ dispatch });
  listeners.tls = await openEdge({ dispatch, listener: `tls_cert_file = "${cert}"\n tls_key_file = "${key}"` });
});
afterAll(async () => {
  await Promise.all(Object.values(listeners).map((each) => each.close(0)));
  rmSync(folder, { recursive: true, force: true });
});

describe.each(["plain", "tls"])("LIST over %s", (which) => {
  const url = () => listeners[which]?.url ?? "";
  const asked = (answers: readonly string[]) =>
    answers.map((each) => {
      const { method, path, text } = JSON.parse(each) as { method: string; path: string; text: string };
      return [method, path, text];
    });

  test("arrives as LIST, with its query, token and the client's address", async () => {
    const wire = await Wire.open(url());
    wire.send(list("secret/a?after=b", "X-Vault-Token: t\r\n"));
    const [answer = ""] = await wire.answers(1);
    expect(JSON.parse(answer)).toEqual({
      method: "LIST",
      path: "secret/a",
      query: "after=b",
      text: "",
      token: "t",
      remoteAddress: "127.0.0.1",
    });
    wire.destroy();
  });

  test("keeps its connection, for other verbs and for itself, many times", async () => {
    const wire = await Wire.open(url());
    for (let round = 0; round < 20; round++) {
      wire.send(list(`a${round}`));
      await wire.answers(round * 2 + 1);
      wire.send(get(`b${round}`));
      await wire.answers(round * 2 + 2);
    }
    const answers = asked(await wire.answers(40));
    expect(answers.at(-2)).toEqual(["LIST", "a19", ""]);
    expect(answers.at(-1)).toEqual(["GET", "b19", ""]);
    wire.destroy();
  });

  test.each([1, 2, 3, 4, 5, 12])("is understood when its first %i bytes come alone", async (length) => {
    const wire = await Wire.open(url());
    const bytes = list("secret/");
    wire.send(get("before"));
    await wire.answers(1);
    for (const part of [bytes.slice(0, length), bytes.slice(length)]) {
      wire.send(part);
      // Two writes in one packet would be no test.
      await new Promise((resolve) => setImmediate(() => setTimeout(resolve, 10)));
    }
    expect(asked(await wire.answers(2))[1]).toEqual(["LIST", "secret/", ""]);
    wire.destroy();
  });

  test("is answered in its turn among pipelined requests", async () => {
    const wire = await Wire.open(url());
    wire.send(get("slow/1") + list("2") + list("3") + get("4"));
    await expect.poll(() => waiting.length).toBe(1);
    wire.send(get("5"));
    waiting.pop()?.();
    const answers = asked(await wire.answers(5));
    expect(answers.map(([method, path]) => `${method} ${path}`)).toEqual([
      "GET slow/1",
      "LIST 2",
      "LIST 3",
      "GET 4",
      "GET 5",
    ]);
    wire.destroy();
  });

  test("may have a body, which stays with it", async () => {
    const wire = await Wire.open(url());
    wire.send(`${list("a", "Content-Length: 2\r\n")}{}${get("b")}`);
    expect(asked(await wire.answers(2))).toEqual([
      ["LIST", "a", "{}"],
      ["GET", "b", ""],
    ]);
    wire.destroy();
  });

  test("ends with its connection when the client goes away in the middle of it", async () => {
    const wire = await Wire.open(url());
    wire.send("LIST /v1/sec");
    wire.destroy();
    expect((await exchange(url(), get("after", "Connection: close\r\n"))).statuses).toEqual([200]);
  });

  test("is 400 where the rest is no request", async () => {
    expect((await exchange(url(), "LIST\r\n\r\n")).statuses).toEqual([400]);
  });

  test.each(["LISS", "LINT", "list", "XLIST", "POSS", "S", "LIS "])(
    "is not the verb %s, which is 400",
    async (verb) => {
      expect((await exchange(url(), `${verb} /v1/a HTTP/1.1\r\nHost: here\r\n\r\n`)).statuses).toEqual([400]);
    },
  );

  test("works with HTTP/1.0, and closes", async () => {
    const wire = await exchange(url(), "LIST /v1/a HTTP/1.0\r\n\r\n");
    expect(wire.statuses).toEqual([200]);
    expect(wire.received).toContain('"method":"LIST"');
  });
});

describe("the bytes read in place of a LIST", () => {
  const error = (packet: string, bytesParsed: number, code = "HPE_INVALID_METHOD") =>
    Object.assign(new Error(), { code, rawPacket: Buffer.from(packet), bytesParsed });

  test("are a POST of the same end", () => {
    expect(String(standIn(error("LIST /v1/a", 2)))).toBe("POST /v1/a");
    expect(String(standIn(error("ST /v1/a", 0)))).toBe("POST /v1/a");
  });

  test.each([
    ["another verb", error("COST /", 2)],
    ["another letter", error("LIXT /", 2)],
    ["another error", error("LIST /", 2, "HPE_INVALID_URL")],
    ["an error without bytes", Object.assign(new Error(), { code: "HPE_INVALID_METHOD" })],
  ])("are none for %s", (_what, parseError) => {
    expect(standIn(parseError)).toBeUndefined();
  });
});
