// SPDX-License-Identifier: Apache-2.0
/**
 * Random requests along the OpenAPI description: none of them makes the server fail, and one that is refused leaves the
 * storage as it was. A failure prints the seed; `FUZZ_SEED` repeats it, `FUZZ_RUNS` asks for more.
 */
import { request } from "node:http";
import { paths } from "@sealwright/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, startTestServer, type TestServer } from "../mounts/test-server.ts";

const VERBS = ["get", "put", "post", "patch", "delete"] as const;
const RUNS = Number(process.env.FUZZ_RUNS ?? 1_500);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

type Schema = { readonly properties?: Readonly<Record<string, object>> };
interface Route {
  readonly verb: string;
  readonly template: string;
  readonly fields: readonly string[];
  readonly query: readonly string[];
}
interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

let server: TestServer;
let routes: readonly Route[];
let weak: string;

type Operation = {
  readonly parameters: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
};

function routesOf(document: { readonly paths: Record<string, Record<string, Operation>> }): Route[] {
  return Object.entries(document.paths).flatMap(([template, item]) =>
    VERBS.flatMap((verb) => {
      const operation = item[verb];
      if (operation === undefined) return [];
      const [body] = Object.values(operation.requestBody?.content ?? {});
      const query = operation.parameters.map(({ name }) => name);
      return [{ verb, template, fields: Object.keys(body?.schema.properties ?? {}), query }];
    }),
  );
}

beforeAll(async () => {
  server = await startTestServer();
  for (const type of ["kv-v1", "kv-v2", "transit"]) await server.ask("POST", `sys/mounts/${type}`, { body: { type } });
  await server.ask("PUT", "kv-v2/data/a", { body: { data: { x: 1 } } });
  await server.ask("PUT", "kv-v1/a", { body: { x: 1 } });
  const policy = 'path "kv-v2/data/a" { capabilities = ["read", "create"] }';
  await server.ask("PUT", "sys/policies/acl/weak", { body: { policy } });
  const token = await server.ask("POST", "auth/token/create", { body: { policies: ["weak"] } });
  weak = String(at(token, "auth.client_token"));
  await server.ask("PUT", "transit/keys/a", { body: {} });
  routes = routesOf((await server.ask("GET", "sys/internal/specs/openapi")).body as Parameters<typeof routesOf>[0]);
  console.log(`fuzzing ${routes.length} operations, seed ${SEED}, ${RUNS} runs`);
});
afterAll(() => server.server.stop());

/** Entries that the store keeps in plain: what a seal counts, and how far a rewrap is. */
const PLAIN: readonly string[] = [paths.SEAL_WRAPS, paths.REWRAP];

/** Every entry but the store's own ones at `core/` and those in plain, decrypted. */
async function snapshot(): Promise<Map<string, string>> {
  const { store } = server.server;
  const entries = new Map<string, string>();
  const walk = async (prefix: string): Promise<void> => {
    for (const name of await store.list(prefix)) {
      if (name.endsWith("/")) await walk(prefix + name);
      else if (!(prefix + name).startsWith("core/") && !PLAIN.includes(prefix + name)) {
        entries.set(prefix + name, String((await store.get(prefix + name))?.toString("latin1")));
      }
    }
  };
  await walk("");
  return entries;
}

const oddText = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "root",
    "default",
    "kv-v2",
    "kv-v1/",
    "..",
    "__proto__",
    "constructor",
    "1h",
    "-1",
    "0",
    "\0",
  ),
  fc.constantFrom(
    "9".repeat(30),
    "x".repeat(10_000),
    "__proto__",
    "{{identity}}",
    "path",
    "🙈",
    "\ud800",
    "s.x",
    "b.x",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constantFrom(null, [], {}, [null], [[]], 2 ** 53, 1e308, -0),
  fc.array(oddText, { maxLength: 3 }),
  fc.dictionary(oddText, oddText, { maxKeys: 3 }),
);

function bodyFor(fields: readonly string[]): fc.Arbitrary<Buffer> {
  const names = fields.length === 0 ? oddText : fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...fields) }, oddText);
  const object = fc
    .array(fc.tuple(names, oddValue), { maxLength: 5 })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`);
  return fc.oneof(
    { weight: 8, arbitrary: object.map((text) => Buffer.from(text)) },
    fc.constantFrom(
      ...["", "null", "[]", "1", "{", '"', '{"__proto__":{"a":1}}', '{"a":1,"a":2}', `${"[".repeat(600)}`].map((text) =>
        Buffer.from(text),
      ),
    ),
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  );
}

/** A part of a path as a client could write it. */
const segment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "kv-v2", "kv-v1", "weak", "default", "b/c", "a/") },
  fc.constantFrom("..", ".", "%2e%2e", "%00", "%2f", "//", "%c0%af", "%", "_x", "=", "x".repeat(3_000), "%F0%9F%99%88"),
  fc.webPath().map((path) => path.slice(1)),
);

const token = fc.constantFrom("root", "root", "root", "weak", "none", "nonsense");

const anyRequest = (): fc.Arbitrary<Sent> =>
  fc.constantFrom(...routes).chain(({ verb, template, fields, query }) =>
    fc
      .record({
        verb: fc.oneof({ weight: 6, arbitrary: fc.constant(verb) }, fc.constantFrom(...VERBS, "head", "options")),
        rest: segment,
        parameters: fc.array(fc.tuple(fc.constantFrom("list", "version", "depth", "x", ...query), oddText), {
          maxLength: 2,
        }),
        body: bodyFor(fields),
        token,
        type: fc.constantFrom("application/json", "application/merge-patch+json", "text/plain", "x"),
      })
      .map((parts) => {
        const search = parts.parameters
          .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
          .join("&");
        const own = { root: server.rootToken, weak, nonsense: "s.nonsense", none: "" }[parts.token] ?? "";
        return {
          method: parts.verb.toUpperCase(),
          path: `/v1${template.replaceAll("{path}", parts.rest)}${search === "" ? "" : `?${search}`}`,
          headers: { "Content-Type": parts.type, ...(own === "" ? {} : { "X-Vault-Token": own }) },
          body: parts.verb === "get" || parts.verb === "head" ? Buffer.alloc(0) : parts.body,
        };
      }),
  );

function send({ method, path, headers, body }: Sent): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const length = { "Content-Length": body.length };
    const sent = request({ hostname, port, method, path, headers: { ...headers, ...length } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** What has to be there for the next request to mean something. */
async function restore(): Promise<void> {
  const { store } = server.server;
  if (store.sealed) await store.unseal();
}

/** Requests that would end the root token that all others need. */
const suicidal = ({ path, headers, body }: Sent): boolean =>
  headers["X-Vault-Token"] === server.rootToken &&
  (path.startsWith("/v1/auth/token/revoke-self") || body.includes(server.rootToken));

describe("random requests along the OpenAPI description", () => {
  test("find no 5xx but a sealed server's, and leave no trace where they are refused", async () => {
    let before = await snapshot();
    const statuses = new Map<number, number>();
    const property = fc.asyncProperty(anyRequest(), async (sent) => {
      fc.pre(!suicidal(sent));
      const { status, text } = await send(sent);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      expect(status < 500 || status === 503 || allowed(sent, status), `${status} ${text}`).toBe(true);
      await restore();
      const after = await snapshot();
      if (status >= 400 && !isBatch(sent)) expect(after).toEqual(before);
      before = after;
      if (status >= 400 && text !== "") expect(JSON.parse(text)).toBeTypeOf("object");
    });
    await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
    expect(statuses.get(200) ?? 0).toBeGreaterThan(RUNS / 50);
    expect(statuses.get(400) ?? 0).toBeGreaterThan(RUNS / 50);
  }, 120_000);
});

/** Of a batch, items are refused one by one: 400 says that one of them was. */
function isBatch({ path, body }: Sent): boolean {
  return path.startsWith("/v1/transit/encrypt/") && body.includes('"batch_input"');
}

/** A load balancer may choose the status of `sys/health`, and Vault answers a wish for a migration with 500. */
function allowed({ path, body }: Sent, status: number): boolean {
  if (path.startsWith("/v1/sys/health")) return path.includes(String(status)) || status === 501;
  return path.startsWith("/v1/sys/unseal") && body.includes("migrate");
}
