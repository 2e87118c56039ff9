// SPDX-License-Identifier: Apache-2.0
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const type of ["kv-v1", "kv-v2"]) await server.ask("POST", `sys/mounts/${type}`, { body: { type } });
});
afterAll(() => server.server.stop());

/** Sends a path as it is: `fetch` would tidy it up. */
function raw(method: string, path: string, body = ""): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const headers = { "X-Vault-Token": server.rootToken, "Content-Length": Buffer.byteLength(body) };
    const sent = request({ hostname, port, method, path: `/v1/${path}`, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function entries(): Promise<string[]> {
  const all: string[] = [];
  const walk = async (prefix: string): Promise<void> => {
    for (const name of await server.server.store.list(prefix)) {
      if (name.endsWith("/")) await walk(prefix + name);
      else all.push(prefix + name);
    }
  };
  await walk("sealwright/data/");
  return all;
}

describe.each(["kv-v1/", "kv-v2/data/", "kv-v2/metadata/"])("a write to %s", (mount) => {
  test.each([
    ["..", "../x"],
    [".. in the middle", "a/../../x"],
    [".", "a/./b"],
    ["an encoded ..", "%2e%2e/x"],
    ["an encoded slash", "a%2fb"],
    ["an encoded slash in capitals", "a%2Fb"],
    ["a NUL", "a%00b"],
    ["a line feed", "a%0ab"],
    ["a C1 control character", "a%c2%85b"],
    ["bytes that are not UTF-8", "a%ffb"],
    ["a lone surrogate", "a%ed%a0%80b"],
    ["10,000 characters", "x".repeat(10_000)],
    ["10,000 escapes", "=".repeat(10_000)],
    ["a slash at the end", "a/"],
  ])("with %s is refused with 400, and writes nothing", async (_what, path) => {
    const before = await entries();
    const answer = await raw("PUT", mount + path, '{"data":{"a":"b"},"max_versions":1}');
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain("sealwright/");
    expect(await entries()).toEqual(before);
  });

  test("with // is sent to the path without", async () => {
    expect((await raw("PUT", `${mount}a//b`, "{}")).status).toBe(307);
  });

  test.each([
    "_a",
    "__proto__",
    "a=b",
    "=3d",
    ".hidden",
    "...",
    "é%20ü",
    "日本",
    "%F0%9F%98%80",
    "a?b=c",
    "x".repeat(600),
    "constructor",
  ])("under the name %s is listed under it", async (name) => {
    const path = encodeURI(decodeURI(name)).replaceAll("?", "%3F");
    const written = await raw("PUT", mount + path, '{"data":{"a":"b"},"max_versions":1}');
    expect([200, 204]).toContain(written.status);
    const folder = mount === "kv-v1/" ? mount : "kv-v2/metadata/";
    const listed = await server.ask("GET", `${folder}?list=true`);
    expect(at(listed, "data.keys")).toContain(decodeURIComponent(path));
  });
});
