// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { at, startTestServer, type TestServer } from "./test-server.ts";

/** What one key should be: the simplest thing that can be right. */
class Model {
  current = 0;
  maxVersions = 0;
  readonly versions = new Map<number, { data: string; deleted: boolean; destroyed: boolean }>();

  put(data: string): number {
    this.current++;
    this.versions.set(this.current, { data, deleted: false, destroyed: false });
    const kept = this.maxVersions || 10;
    for (const number of this.versions.keys()) if (number <= this.current - kept) this.versions.delete(number);
    return this.current;
  }
}

type Step = (key: string, server: TestServer, model: Model) => Promise<void>;

const numbers = fc.uniqueArray(fc.integer({ min: -1, max: 14 }), { minLength: 1, maxLength: 4 });
const named = (model: Model, list: readonly number[]) =>
  list.map((number) => model.versions.get(number)).filter((each) => each !== undefined && !each.destroyed);

const put = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.option(fc.integer({ min: -1, max: 3 }))).map(
  ([value, off]): Step =>
    async (key, server, model) => {
      const data = `{"v":${value}.0}`;
      const cas = off === null ? undefined : model.current + off;
      const options = cas === undefined ? "" : `,"options":{"cas":${cas}}`;
      const answer = await server.ask("PUT", `kv/data/${key}`, { body: `{"data":${data}${options}}` });
      if (cas !== undefined && cas !== model.current) {
        expect(answer.status).toBe(400);
        expect(at(answer, "errors.0")).toBe("check-and-set parameter did not match the current version");
        return;
      }
      expect(at(answer, "data.version")).toBe(model.put(data));
    },
);
const remove = fc.constant<Step>(async (key, server, model) => {
  expect((await server.ask("DELETE", `kv/data/${key}`)).status).toBe(204);
  for (const version of named(model, [model.current])) if (version) version.deleted = true;
});
const change = (area: "delete" | "undelete" | "destroy") =>
  numbers.map(
    (versions): Step =>
      async (key, server, model) => {
        expect((await server.ask("POST", `kv/${area}/${key}`, { body: { versions } })).status).toBe(204);
        for (const version of named(model, versions)) {
          if (version === undefined) continue;
          if (area === "destroy") version.destroyed = true;
          else version.deleted = area === "delete";
        }
      },
  );
const limit = fc.integer({ min: 0, max: 4 }).map(
  (max): Step =>
    async (key, server, model) => {
      expect((await server.ask("POST", `kv/metadata/${key}`, { body: { max_versions: max } })).status).toBe(204);
      model.maxVersions = max;
    },
);
const forget = fc.constant<Step>(async (key, server, model) => {
  expect((await server.ask("DELETE", `kv/metadata/${key}`)).status).toBe(204);
  model.current = 0;
  model.maxVersions = 0;
  model.versions.clear();
});

async function compare(key: string, server: TestServer, model: Model): Promise<void> {
  for (let number = 0; number <= model.current + 1; number++) {
    const answer = await server.ask("GET", `kv/data/${key}?version=${number}`);
    const version = model.versions.get(number === 0 ? model.current : number);
    const readable = version !== undefined && !version.deleted && !version.destroyed;
    expect(answer.status).toBe(readable ? 200 : 404);
    if (readable) expect(answer.text).toContain(`"data":{"data":${version.data},"metadata":`);
    else if (version === undefined) expect(answer.body).toEqual({ errors: [] });
    else expect(answer.body).toMatchObject({ data: { data: null, metadata: { destroyed: version.destroyed } } });
  }
  const metadata = await server.ask("GET", `kv/metadata/${key}`);
  if (metadata.status === 404) expect(model.current).toBe(0);
  else {
    expect(at(metadata, "data.current_version")).toBe(model.current);
    expect(Object.keys(at(metadata, "data.versions") as object).map(Number)).toEqual([...model.versions.keys()]);
  }
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.ask("POST", "sys/mounts/kv", { body: { type: "kv-v2" } });
});
afterAll(() => server.server.stop());

test("whatever is done to a key, it is what the model says, and no data is left of what is gone", async () => {
  let key = 0;
  const step = fc.oneof(
    { weight: 6, arbitrary: put },
    { weight: 1, arbitrary: remove },
    { weight: 1, arbitrary: change("delete") },
    { weight: 1, arbitrary: change("undelete") },
    { weight: 1, arbitrary: change("destroy") },
    { weight: 1, arbitrary: limit },
    { weight: 1, arbitrary: forget },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const name = `key-${key++}`;
      const model = new Model();
      for (const each of steps) await each(name, server, model);
      await compare(name, server, model);
      await server.ask("DELETE", `kv/metadata/${name}`);
      const [uuid = ""] = await server.server.store.list("sealwright/data/");
      expect(await server.server.store.list(`sealwright/data/${uuid}versions/`)).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 60_000);
