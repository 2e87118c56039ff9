// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
const ask: TestServer["ask"] = (...call) => server.ask(...call);

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.server.stop());

async function paths(): Promise<string[]> {
  return Object.keys(at(await ask("GET", "sys/mounts"), "data") as object);
}

describe("mounting", () => {
  test("a new store has key/value version 1 at secret/, which a mount there replaces while it is empty", async () => {
    expect(await paths()).toEqual(["sys/", "secret/"]);
    const options = { version: "2" };
    expect((await ask("POST", "sys/mounts/secret", { body: { type: "kv", options } })).status).toBe(204);
    expect(at(await ask("GET", "sys/mounts"), "data.secret/")).toMatchObject({ options });
    const again = await ask("POST", "sys/mounts/secret", { body: { type: "kv" } });
    expect(again).toMatchObject({ status: 400, body: { errors: ["path is already in use at secret/"] } });
    await ask("DELETE", "sys/mounts/secret");
  });

  test("what a new store has at secret/ is not replaced once something is in it, and not by a mount within", async () => {
    const other = await startTestServer();
    try {
      const taken = { status: 400, body: { errors: ["path is already in use at secret/"] } };
      expect(await other.ask("POST", "sys/mounts/secret/deeper", { body: { type: "kv" } })).toMatchObject(taken);
      await other.ask("PUT", "secret/a", { body: { b: "c" } });
      expect(await other.ask("POST", "sys/mounts/secret", { body: { type: "kv" } })).toMatchObject(taken);
      expect(at(await other.ask("GET", "secret/a"), "data")).toEqual({ b: "c" });
    } finally {
      await other.server.stop();
    }
  });

  test("everything that clients send is kept and shown", async () => {
    const mount = {
      type: "kv",
      description: "for the team",
      config: {
        default_lease_ttl: "1h",
        max_lease_ttl: 7200,
        force_no_cache: true,
        listing_visibility: "hidden",
        options: null,
      },
      options: { version: 2 },
      local: true,
      seal_wrap: true,
      external_entropy_access: true,
    };
    const mounted = await ask("POST", "sys/mounts/team/full", { body: mount });
    expect(mounted.status).toBe(200);
    expect(at(mounted, "warnings")).toEqual([expect.stringMatching(/^seal_wrap is kept/)]);
    expect(at(await ask("GET", "sys/mounts/team/full/"), "data")).toMatchObject({
      ...mount,
      config: { default_lease_ttl: 3600, max_lease_ttl: 7200, force_no_cache: true, listing_visibility: "hidden" },
      options: { version: "2" },
      accessor: expect.stringMatching(/^kv_[0-9a-f]{8}$/),
      deprecation_status: "supported",
    });
  });

  test.each([
    ["kv", null],
    ["kv-v1", { version: "1" }],
    ["kv-v2", { version: "2" }],
  ])("the type %s has the options %j", async (type, options) => {
    expect((await ask("PUT", `sys/mounts/type-${type}`, { body: { type } })).status).toBe(204);
    expect(at(await ask("GET", `sys/mounts/type-${type}`), "data")).toMatchObject({ type: "kv", options });
  });

  test.each([
    ["an unknown type", "x", { type: "nosuch" }, "plugin not found in the catalog: nosuch"],
    ["no type", "x", {}, "backend type must be specified as a string"],
    ["a type of Object.prototype", "x", { type: "constructor" }, "plugin not found in the catalog: constructor"],
    ["version 3", "x", { type: "kv", options: { version: "3" } }, 'invalid version provided: "3"'],
    ["version 0", "x", { type: "kv", options: { version: 0 } }, 'invalid version provided: "0"'],
    ["options that are no object", "x", { type: "kv", options: "version=2" }, "options: expected an object of texts"],
    ["a nested option", "x", { type: "kv", options: { version: { a: 1 } } }, "options.version: expected a text"],
    [
      "a lease that is no duration",
      "x",
      { type: "kv", config: { max_lease_ttl: "soon" } },
      "config.max_lease_ttl: expected a duration",
    ],
    [
      "a negative lease",
      "x",
      { type: "kv", config: { max_lease_ttl: -1 } },
      "config.max_lease_ttl: expected a duration",
    ],
    [
      "a lease above the longest",
      "x",
      { type: "kv", config: { default_lease_ttl: "2h", max_lease_ttl: "1h" } },
      "longer than the longest allowed",
    ],
    [
      "an unknown visibility",
      "x",
      { type: "kv", config: { listing_visibility: "all" } },
      'expected "hidden" or "unauth"',
    ],
    ["a body that is no object", "x", "[]", "the body must be a JSON object"],
    ["a body that is no JSON", "x", "{", "failed to decode JSON input"],
    ["sys/", "sys", { type: "kv" }, 'cannot mount "sys/"'],
    ["a path in sys/", "sys/x", { type: "kv" }, 'cannot mount "sys/x/"'],
    ["a path in auth/", "auth/x", { type: "kv" }, 'cannot mount "auth/x/"'],
    ["cubbyhole/", "cubbyhole", { type: "kv" }, 'cannot mount "cubbyhole/"'],
    ["a path that is taken", "team/full", { type: "kv" }, "path is already in use at team/full/"],
    ["a path inside a mount", "team/full/deeper", { type: "kv" }, "path is already in use at team/full/"],
    ["a path around a mount", "team", { type: "kv" }, "path is already in use at team/full/"],
    ["a long path", "x".repeat(256), { type: "kv" }, "may have 255 bytes"],
  ])("is refused for %s, and nothing changes", async (_what, path, body, sentence) => {
    const before = await paths();
    const answer = await ask("POST", `sys/mounts/${path}`, { body });
    expect(answer.status).toBe(400);
    expect(at(answer, "errors.0")).toContain(sentence);
    expect(await paths()).toEqual(before);
  });

  test("of one path by ten clients at once succeeds once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ask("POST", "sys/mounts/race", { body: { type: "kv" } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(9).fill(400)]);
  });

  test("a name that merely begins like a mount's is another path", async () => {
    expect((await ask("POST", "sys/mounts/racer", { body: { type: "kv" } })).status).toBe(204);
    expect((await ask("GET", "racers/x")).status).toBe(404);
  });
});

describe("tuning", () => {
  test("changes what is named and nothing else", async () => {
    await ask("POST", "sys/mounts/tuned", {
      body: { type: "kv", description: "a", options: { version: "1", own: "x" } },
    });
    expect(
      (await ask("POST", "sys/mounts/tuned/tune", { body: { max_lease_ttl: "2h", options: { own: "" } } })).status,
    ).toBe(204);
    expect(at(await ask("GET", "sys/mounts/tuned/tune"), "data")).toEqual({
      default_lease_ttl: 2764800,
      max_lease_ttl: 7200,
      force_no_cache: false,
      description: "a",
      options: { version: "1" },
    });
  });

  test.each([
    ["a mount that is not there", "nowhere", { description: "x" }, "No secret engine mount at nowhere/"],
    ["the server's own", "sys", { description: "x" }, "No secret engine mount at sys/"],
    ["a lower version", "type-kv-v2", { options: { version: "1" } }, "cannot downgrade mount from version 2"],
    ["an unknown version", "type-kv-v2", { options: { version: "two" } }, 'invalid version provided: "two"'],
    ["an empty version", "type-kv-v2", { options: { version: "" } }, 'invalid version provided: ""'],
    ["a description that is no text", "tuned", { description: 5 }, "description: expected a text"],
    ["headers that are no list", "tuned", { passthrough_request_headers: "X" }, "expected a list of texts"],
  ])("is refused for %s, and nothing changes", async (_what, path, body, sentence) => {
    const before = await ask("GET", "sys/mounts");
    const answer = await ask("POST", `sys/mounts/${path}/tune`, { body });
    expect(answer.status).toBe(400);
    expect(at(answer, "errors.0")).toContain(sentence);
    expect(at(await ask("GET", "sys/mounts"), "data")).toEqual(at(before, "data"));
  });

  test("version 1 to 2 makes every entry version 1 of its key", async () => {
    await ask("POST", "sys/mounts/old", { body: { type: "kv" } });
    const names = [...Array.from({ length: 300 }, (_, index) => `folder/n${index}`), "_x", "a=b", "y".repeat(300)];
    for (const name of names) await ask("PUT", `old/${name}`, { body: `{"n":1.0,"name":"${name}"}` });
    const answer = await ask("POST", "sys/mounts/old/tune", { body: { options: { version: "2" } } });
    expect(answer.status).toBe(200);
    expect(at(answer, "warnings.0")).toContain("from version 1 to version 2");
    for (const name of names) {
      expect((await ask("GET", `old/data/${name}`)).text).toContain(`"data":{"data":{"n":1.0,"name":"${name}"},`);
    }
    expect(at(await ask("GET", "old/metadata/?list=true"), "data.keys")).toEqual([
      "_x",
      "a=b",
      "folder/",
      "y".repeat(300),
    ]);
  });
});

describe("moving", () => {
  test("takes the data along, and can be asked about", async () => {
    await ask("POST", "sys/mounts/from", { body: { type: "kv" } });
    await ask("PUT", "from/a", { body: { b: "c" } });
    const moved = await ask("POST", "sys/remount", { body: { from: "from/", to: "/to/here" } });
    expect(moved.status).toBe(200);
    const id = String(at(moved, "migration_id"));
    expect(at(await ask("GET", `sys/remount/status/${id}`), "data")).toEqual({
      migration_id: id,
      migration_info: { source_mount: "from/", target_mount: "to/here/", status: "success" },
    });
    expect(at(await ask("GET", "to/here/a"), "data")).toEqual({ b: "c" });
    expect((await ask("GET", "from/a")).status).toBe(404);
  });

  test.each([
    ["a mount that is not there", { from: "nowhere", to: "x" }, 'no matching mount at "nowhere/"'],
    ["the server's own", { from: "sys", to: "x" }, 'cannot remount "sys/"'],
    ["a target in sys/", { from: "tuned", to: "sys/x" }, 'cannot remount to "sys/x/"'],
    ["a target that is taken", { from: "tuned", to: "race" }, 'path in use at "race/"'],
    ["a target inside itself", { from: "tuned", to: "tuned/x" }, 'path in use at "tuned/"'],
    ["no target", { from: "tuned" }, "the path of a mount must be given"],
    ["no source", { to: "x" }, "the path of a mount must be given"],
    ["a target with ..", { from: "tuned", to: "a/../b" }, "must not have an empty, . or .. segment"],
    ["a target with //", { from: "tuned", to: "a//b" }, "must not have an empty, . or .. segment"],
    ["a target with a control character", { from: "tuned", to: "a\u0000b" }, "must not have control characters"],
    ["a target that is no text", { from: "tuned", to: 5 }, "to: expected a text"],
  ])("is refused for %s, and nothing changes", async (_what, body, sentence) => {
    const before = await paths();
    const answer = await ask("POST", "sys/remount", { body });
    expect(answer.status).toBe(400);
    expect(at(answer, "errors.0")).toContain(sentence);
    expect(await paths()).toEqual(before);
  });

  test("an unknown move is 404", async () => {
    expect((await ask("GET", "sys/remount/status/none")).status).toBe(404);
  });

  test("needs sudo", async () => {
    await ask("PUT", "sys/policies/acl/mover", {
      body: { policy: 'path "sys/remount" { capabilities = ["update"] }' },
    });
    const made = await ask("POST", "auth/token/create", { body: { policies: ["mover"] } });
    const token = String(at(made, "auth.client_token"));
    expect((await ask("POST", "sys/remount", { token, body: { from: "tuned", to: "x" } })).status).toBe(403);
    expect(await paths()).toContain("tuned/");
  });
});

describe("unmounting", () => {
  test("removes the data, and only that mount's", async () => {
    for (const path of ["gone", "kept"]) {
      await ask("POST", `sys/mounts/${path}`, { body: { type: "kv-v2" } });
      for (let index = 0; index < 150; index++)
        await ask("PUT", `${path}/data/f/n${index}`, { body: { data: { a: 1 } } });
    }
    const uuid = at(await ask("GET", "sys/mounts/gone"), "data.uuid");
    expect((await ask("DELETE", "sys/mounts/gone")).status).toBe(204);
    expect((await ask("GET", "gone/data/f/n0")).status).toBe(404);
    expect(await server.server.store.list(`sealwright/data/${uuid}/`)).toEqual([]);
    expect((await ask("GET", "kept/data/f/n149")).status).toBe(200);
    await ask("POST", "sys/mounts/gone", { body: { type: "kv-v2" } });
    expect((await ask("GET", "gone/metadata/?list=true")).status).toBe(404);
  });

  test("leaves nothing of the writes that run meanwhile", async () => {
    await ask("POST", "sys/mounts/busy", { body: { type: "kv" } });
    const uuid = at(await ask("GET", "sys/mounts/busy"), "data.uuid");
    const writes = Array.from({ length: 60 }, (_, index) => ask("PUT", `busy/n${index}`, { body: { a: "b" } }));
    const unmounted = ask("DELETE", "sys/mounts/busy");
    const statuses = new Set((await Promise.all(writes)).map(({ status }) => status));
    expect((await unmounted).status).toBe(204);
    expect([...statuses].every((status) => status === 204 || status === 404)).toBe(true);
    expect(await server.server.store.list(`sealwright/data/${uuid}/`)).toEqual([]);
  });

  test("what is not mounted is no error, as in Vault", async () => {
    expect((await ask("DELETE", "sys/mounts/nowhere")).status).toBe(204);
  });

  test("a path inside a mount unmounts nothing", async () => {
    expect((await ask("DELETE", "sys/mounts/kept/data")).status).toBe(204);
    expect(await paths()).toContain("kept/");
  });

  test.each(["sys", "auth/token", "identity"])("%s is refused", async (path) => {
    expect((await ask("DELETE", `sys/mounts/${path}`)).status).toBe(400);
  });
});

describe("what a token can see", () => {
  const visible = async (policy: string): Promise<string[]> => {
    await ask("PUT", "sys/policies/acl/seer", { body: { policy } });
    const made = await ask("POST", "auth/token/create", { body: { policies: ["seer"], no_default_policy: true } });
    const token = String(at(made, "auth.client_token"));
    return Object.keys(at(await ask("GET", "sys/internal/ui/mounts", { token }), "data.secret") as object);
  };

  test.each([
    ['path "kept/data/a" { capabilities = ["read"] }', ["kept/"]],
    ['path "kept/*" { capabilities = ["list"] }', ["kept/"]],
    ['path "kep*" { capabilities = ["read"] }', ["kept/"]],
    ['path "+/data/x" { capabilities = ["read"] }', ["kept/"]],
    ['path "to/+/x" { capabilities = ["read"] }', ["to/here/"]],
    ['path "keptx/*" { capabilities = ["read"] }', []],
    ['path "kept/*" { capabilities = ["deny"] }', []],
    ['path "to" { capabilities = ["read"] }', []],
  ])("by %s includes %j", async (policy, expected) => {
    expect(await visible(policy)).toEqual(expect.arrayContaining(expected));
    if (expected.length === 0) expect(await visible(policy)).toEqual([]);
  });

  test("is nothing without a token, or with an unknown one", async () => {
    for (const token of ["", "s.unknown"]) {
      const answer = await ask("GET", "sys/internal/ui/mounts", { token });
      expect(at(answer, "data")).toEqual({ auth: {}, secret: {} });
      expect((await ask("GET", "sys/internal/ui/mounts/kept", { token })).status).toBe(403);
    }
  });

  test("is told without counting as a use of the token", async () => {
    const made = await ask("POST", "auth/token/create", { body: { policies: ["root"], num_uses: 1 } });
    const token = String(at(made, "auth.client_token"));
    for (let turn = 0; turn < 3; turn++) {
      expect((await ask("GET", "sys/internal/ui/mounts/kept", { token })).status).toBe(200);
    }
  });

  test("answers a path in no mount with 403, as if it were hidden", async () => {
    const answer = await ask("GET", "sys/internal/ui/mounts/nowhere/x");
    expect(answer.status).toBe(403);
    expect(at(answer, "errors.0")).toContain('grant access to path "nowhere/x/"');
  });
});
