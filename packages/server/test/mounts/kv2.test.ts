// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
const ask: TestServer["ask"] = (...call) => server.ask(...call);

beforeAll(async () => {
  server = await startTestServer();
  await ask("POST", "sys/mounts/kv", { body: { type: "kv-v2" } });
});
afterAll(() => server.server.stop());

const put = (key: string, data: object = { a: "b" }) => ask("PUT", `kv/data/${key}`, { body: { data } });

describe("writing", () => {
  test.each([
    '{"n":12345678901234567890,"m":-0,"x":1e400,"y":1.0,"z":0.1e-7}',
    '{"__proto__":{"polluted":true},"constructor":1}',
    '{"a":"\\u00e9\\ud83d\\ude00\\/","b":[1,[],{}],"":null}',
    "{}",
  ])("keeps %s as it was written", async (data) => {
    expect((await ask("PUT", "kv/data/exact", { body: `{ "data" : ${data} }` })).status).toBe(200);
    expect((await ask("GET", "kv/data/exact")).text).toContain(`"data":{"data":${data},"metadata"`);
  });

  test.each([
    ["no data", "{}", "no data provided"],
    ["no body", "", "no data provided"],
    ["null", '{"data":null}', "no data provided"],
    ["a list", '{"data":[1]}', "data must be a JSON object"],
    ["a text", '{"data":"x"}', "data must be a JSON object"],
    ["a body that is no object", '["data"]', "the body must be a JSON object"],
    ["a body that is no JSON", '{"data":{"a":1}', "failed to decode JSON input"],
    ["a name that stands twice", '{"data":{"a":1,"a":2}}', "stands twice in one object"],
    ["data that stands twice", '{"data":{"a":1},"data":{"a":2}}', "stands twice in one object"],
    ["options that are no object", '{"data":{},"options":[1]}', "options must be a JSON object"],
    ["a cas that is no number", '{"data":{},"options":{"cas":"x"}}', "error parsing check-and-set parameter"],
    ["a cas that is null", '{"data":{},"options":{"cas":null}}', "error parsing check-and-set parameter"],
    ["a cas with a fraction", '{"data":{},"options":{"cas":0.5}}', "error parsing check-and-set parameter"],
    ["a cas beyond 2^53", '{"data":{},"options":{"cas":9007199254740993}}', "did not match the current version"],
    ["a cas below 0", '{"data":{},"options":{"cas":-1}}', "did not match the current version"],
    ["a cas ahead", '{"data":{},"options":{"cas":1}}', "did not match the current version"],
    ["100,000 nested arrays", `{"data":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`, "nested deeper than 512"],
  ])("is refused for %s, and makes no key", async (_what, body, sentence) => {
    const answer = await ask("POST", "kv/data/refused", { body });
    expect(answer.status).toBe(400);
    expect(at(answer, "errors.0")).toContain(sentence);
    expect((await ask("GET", "kv/metadata/refused")).status).toBe(404);
  });

  test("by many at once with the same cas succeeds once for each version", async () => {
    for (let cas = 0; cas < 3; cas++) {
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) => ask("PUT", "kv/data/race", { body: { data: { n }, options: { cas } } })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    }
    expect(at(await ask("GET", "kv/metadata/race"), "data.current_version")).toBe(3);
  });

  test("by many at once without cas makes as many versions, readable all the while", async () => {
    await ask("POST", "kv/metadata/busy", { body: { max_versions: 2 } });
    await put("busy");
    const writes = Array.from({ length: 40 }, () => put("busy"));
    const reads = Array.from({ length: 40 }, () => ask("GET", "kv/data/busy"));
    expect((await Promise.all(reads)).every(({ status }) => status === 200)).toBe(true);
    const versions = (await Promise.all(writes)).map((answer) => at(answer, "data.version"));
    expect(new Set(versions).size).toBe(40);
  });

  test("needs a cas where the key or the mount wants one", async () => {
    await ask("POST", "kv/metadata/strict", { body: { cas_required: "true" } });
    const answer = await put("strict");
    expect(answer.status).toBe(400);
    expect(at(answer, "errors.0")).toBe("check-and-set parameter required for this call");
    const right = await ask("PUT", "kv/data/strict", { body: { data: {}, options: { cas: "0" } } });
    expect(right.status).toBe(200);
  });

  test.each(["kv/data/", "kv/data/a/", "kv/metadata/", "kv/destroy/"])("to %s is refused", async (path) => {
    expect((await ask("POST", path, { body: { data: {}, versions: [1], max_versions: 1 } })).status).toBe(400);
  });
});

describe("reading", () => {
  test.each(["x", "1.5", "9".repeat(30), "1e1"])("?version=%s is refused", async (version) => {
    expect((await ask("GET", `kv/data/exact?version=${version}`)).status).toBe(400);
  });

  test.each(["kv/data/", "kv/data/none", "kv/metadata/none", "kv/subkeys/none", "kv/data/exact?version=99"])(
    "%s is 404",
    async (path) => {
      const answer = await ask("GET", path);
      expect(answer.status).toBe(404);
      expect(answer.body).toEqual({ errors: [] });
    },
  );

  test("the names alone, as deep as asked for", async () => {
    await put("deep", { a: { b: { c: 1 }, d: {} }, e: [{ f: 1 }] });
    const subkeys = async (query: string) => at(await ask("GET", `kv/subkeys/deep${query}`), "data.subkeys");
    expect(await subkeys("")).toEqual({ a: { b: { c: null }, d: null }, e: null });
    expect(await subkeys("?depth=1")).toEqual({ a: null, e: null });
    expect(await subkeys("?depth=2")).toEqual({ a: { b: null, d: null }, e: null });
    expect((await ask("GET", "kv/subkeys/deep?depth=x")).status).toBe(400);
  });

  test.each([
    ["GET", "kv/deep", "bao kv get"],
    ["PUT", "kv/deep", "bao kv put"],
    ["DELETE", "kv/deep", "bao kv delete"],
    ["GET", "kv/data", "Non-listing operations"],
  ])("%s %s is 404 and says what to do", async (method, path, words) => {
    const answer = await ask(method, path, method === "PUT" ? { body: { a: 1 } } : {});
    expect(answer.status).toBe(404);
    expect(at(answer, "warnings.0")).toContain(words);
  });

  test.each([
    ["DELETE", "kv/config"],
    ["GET", "kv/delete/deep"],
    ["DELETE", "kv/subkeys/deep"],
    ["GET", "kv/data/deep?list=true"],
  ])("%s %s is 405", async (method, path) => {
    expect((await ask(method, path)).status).toBe(405);
  });
});

describe("patching", () => {
  test("makes a version of what it changes", async () => {
    await ask("PUT", "kv/data/patched", { body: '{"data":{"keep":1.0,"drop":1,"in":{"a":1}}}' });
    const answer = await ask("PATCH", "kv/data/patched", {
      body: '{"data":{"drop":null,"in":{"b":2e0}},"options":{"cas":1}}',
    });
    expect(at(answer, "data.version")).toBe(2);
    expect((await ask("GET", "kv/data/patched")).text).toContain('{"data":{"keep":1.0,"in":{"a":1,"b":2e0}},');
  });

  test.each([
    ["a stale cas", { data: { a: 1 }, options: { cas: 1 } }, 400],
    ["no data", {}, 400],
    ["data that is no object", { data: [1] }, 400],
  ])("is refused for %s, and makes no version", async (_what, body, status) => {
    expect((await ask("PATCH", "kv/data/patched", { body })).status).toBe(status);
    expect(at(await ask("GET", "kv/metadata/patched"), "data.current_version")).toBe(2);
  });

  test.each(["application/json", "text/plain", ""])("is 415 as %j", async (type) => {
    const answer = await ask("PATCH", "kv/data/patched", { body: { data: {} }, headers: { "Content-Type": type } });
    expect(answer.status).toBe(415);
    expect(at(answer, "errors.0")).toContain("application/merge-patch+json");
  });

  test("what is not there is 404, and what is deleted too", async () => {
    expect((await ask("PATCH", "kv/data/none", { body: { data: {} } })).status).toBe(404);
    await put("deleted");
    await ask("DELETE", "kv/data/deleted");
    expect((await ask("PATCH", "kv/data/deleted", { body: { data: {} } })).status).toBe(404);
    expect(at(await ask("GET", "kv/metadata/deleted"), "data.current_version")).toBe(1);
  });
});

describe("versions", () => {
  test("beyond ten, the oldest falls off", async () => {
    for (let index = 0; index < 12; index++) await put("many", { index });
    const metadata = await ask("GET", "kv/metadata/many");
    expect(at(metadata, "data.oldest_version")).toBe(3);
    expect(Object.keys(at(metadata, "data.versions") as object)).toHaveLength(10);
    expect((await ask("GET", "kv/data/many?version=2")).status).toBe(404);
  });

  test.each([
    ["2", [2]],
    ["2,3", [2, 3]],
    [["2"], [2]],
    [3, [3]],
  ])("are named by %j", async (versions, expected) => {
    for (let index = 0; index < 3; index++) await put("named", { index });
    await ask("POST", "kv/delete/named", { body: { versions } });
    for (const version of expected) expect((await ask("GET", `kv/data/named?version=${version}`)).status).toBe(404);
    await ask("DELETE", "kv/metadata/named");
  });

  test.each([
    ["none", {}, "No version number provided"],
    ["an empty list", { versions: [] }, "No version number provided"],
    ["a word", { versions: "all" }, "expected a list of version numbers"],
    ["a fraction", { versions: [1.5] }, "expected a list of version numbers"],
    ["an object", { versions: { a: 1 } }, "expected a list of version numbers"],
    ["a nested list", { versions: [[1]] }, "expected a list of version numbers"],
  ])("are refused as %s, and nothing is destroyed", async (_what, body, sentence) => {
    for (const area of ["delete", "undelete", "destroy"]) {
      const answer = await ask("PUT", `kv/${area}/many`, { body });
      expect(answer.status).toBe(400);
      expect(at(answer, "errors.0")).toContain(sentence);
    }
    expect((await ask("GET", "kv/data/many")).status).toBe(200);
  });

  test("that are destroyed leave no data and don't come back", async () => {
    await put("secret", { needle: "v" });
    await ask("PUT", "kv/destroy/secret", { body: { versions: [1, 7, -1] } });
    await ask("POST", "kv/undelete/secret", { body: { versions: [1] } });
    expect((await ask("GET", "kv/data/secret")).body).toMatchObject({
      data: { data: null, metadata: { destroyed: true } },
    });
  });

  test("live as long as the sooner of mount and key allows", async () => {
    await ask("POST", "kv/config", { body: { delete_version_after: "2h" } });
    await ask("POST", "kv/metadata/aged", { body: { delete_version_after: "1h" } });
    const aged = await put("aged");
    const lived = (answer: typeof aged) =>
      Date.parse(String(at(answer, "data.deletion_time"))) - Date.parse(String(at(answer, "data.created_time")));
    expect(lived(aged)).toBe(3_600_000);
    expect(lived(await put("aged-by-mount"))).toBe(7_200_000);
    await ask("POST", "kv/config", { body: { delete_version_after: "-1s" } });
    expect(at(await put("aged"), "data.deletion_time")).toBe("");
    expect(at(await ask("GET", "kv/config"), "data.delete_version_after")).toBe("-1s");
    await ask("POST", "kv/config", { body: { delete_version_after: 0 } });
  });
});

describe("metadata", () => {
  test("is set, patched and counted apart from the data", async () => {
    const custom_metadata = { owner: "a", drop: "b", __proto__x: "c", n: 5 };
    expect(
      (await ask("POST", "kv/metadata/m", { body: { custom_metadata, max_versions: "3", metadata_cas: 0 } })).status,
    ).toBe(204);
    expect(
      (await ask("PATCH", "kv/metadata/m", { body: { custom_metadata: { drop: null, owner: "d" } } })).status,
    ).toBe(204);
    expect(at(await ask("GET", "kv/metadata/m"), "data")).toMatchObject({
      custom_metadata: { owner: "d", __proto__x: "c", n: "5" },
      current_metadata_version: 2,
      current_version: 0,
      max_versions: 3,
    });
    expect(at(await put("m"), "data.custom_metadata")).toEqual({ owner: "d", __proto__x: "c", n: "5" });
  });

  test("a name such as __proto__ is a name", async () => {
    await ask("POST", "kv/metadata/proto", { body: '{"custom_metadata":{"__proto__":"x"}}' });
    expect((await ask("GET", "kv/metadata/proto")).text).toContain('"custom_metadata":{"__proto__":"x"}');
  });

  test("a change that names nothing makes and changes nothing", async () => {
    expect((await ask("POST", "kv/metadata/nothing", { body: { metadata_cas: 99 } })).status).toBe(204);
    expect((await ask("GET", "kv/metadata/nothing")).status).toBe(404);
  });

  test.each([
    ["a negative number of versions", { max_versions: -1 }, "max_versions: expected a whole number"],
    ["too many versions", { max_versions: 2 ** 32 }, "max_versions: expected a whole number"],
    ["a number of versions that is none", { max_versions: "many" }, "max_versions: expected a whole number"],
    ["a flag that is none", { cas_required: "perhaps" }, "cas_required: expected true or false"],
    [
      "a flag by the name of what every object has",
      { cas_required: "constructor" },
      "cas_required: expected true or false",
    ],
    ["a negative age", { delete_version_after: "-1h" }, "delete_version_after: expected a duration"],
    ["a stale counter", { max_versions: 1, metadata_cas: 0 }, "did not match the current metadata version"],
    ["custom metadata that is a list", { custom_metadata: ["a"] }, "it must be an object of texts"],
    ["a nested value", { custom_metadata: { a: { b: "c" } } }, 'the value of "a" must be text'],
    ["an empty value", { custom_metadata: { a: "" } }, "1 to 512 are allowed"],
    ["a long value", { custom_metadata: { a: "x".repeat(513) } }, "1 to 512 are allowed"],
    ["an empty name", { custom_metadata: { "": "x" } }, "1 to 128 are allowed"],
    ["a long name", { custom_metadata: { ["x".repeat(129)]: "x" } }, "1 to 128 are allowed"],
    ["a control character", { custom_metadata: { a: "x\ny" } }, "contains unprintable characters"],
    [
      "65 names",
      { custom_metadata: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`n${n}`, "x"])) },
      "64 are allowed",
    ],
  ])("is refused for %s, by POST and by PATCH, and nothing changes", async (_what, body, sentence) => {
    const before = at(await ask("GET", "kv/metadata/m"), "data");
    for (const method of ["POST", "PATCH"]) {
      const answer = await ask(method, "kv/metadata/m", { body });
      expect(answer.status).toBe(400);
      expect(at(answer, "errors.0")).toContain(sentence);
    }
    expect(at(await ask("GET", "kv/metadata/m"), "data")).toEqual(before);
  });

  test("cannot be loosened where the mount is strict, and says so", async () => {
    await ask("POST", "kv/config", { body: { cas_required: true } });
    const answer = await ask("POST", "kv/metadata/m", { body: { cas_required: false } });
    expect(answer.status).toBe(200);
    expect(at(answer, "warnings.0")).toContain("is mandated by backend config");
    expect((await put("m")).status).toBe(400);
    await ask("POST", "kv/config", { body: { cas_required: false } });
  });

  test("that is deleted takes every version with it, and a key of that name begins at 1 again", async () => {
    await put("again");
    await put("again");
    expect((await ask("DELETE", "kv/metadata/again")).status).toBe(204);
    expect((await ask("GET", "kv/data/again")).status).toBe(404);
    expect(at(await put("again"), "data.version")).toBe(1);
  });
});

describe("config", () => {
  test.each([{ max_versions: -1 }, { cas_required: "x" }, { delete_version_after: "soon" }])(
    "%j is refused, and nothing changes",
    async (body) => {
      const before = at(await ask("GET", "kv/config"), "data");
      expect((await ask("POST", "kv/config", { body })).status).toBe(400);
      expect(at(await ask("GET", "kv/config"), "data")).toEqual(before);
    },
  );
});
