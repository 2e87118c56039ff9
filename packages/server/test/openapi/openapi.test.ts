// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { openApiDocument } from "../../src/openapi/document.ts";
import { requestSchema } from "../../src/openapi/schema.ts";
import { startTestServer, type TestServer } from "../mounts/test-server.ts";

const PATH = "sys/internal/specs/openapi";
/** What takes no body and would end the test: asked, they are served. */
const ENDING = ["/sys/seal", "/auth/token/revoke-self"];
const VERBS = ["get", "put", "post", "patch", "delete"] as const;

type Operation = { readonly security: unknown[]; readonly parameters: { name: string; required?: boolean }[] };
type Document = { readonly openapi: string; readonly paths: Record<string, Record<string, Operation>> };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const type of ["kv-v1", "kv-v2", "transit"])
    await server.ask("POST", `sys/mounts/team/${type}`, { body: { type } });
});
afterAll(() => server.server.stop());

async function document(token?: string): Promise<Document> {
  return (await server.ask("GET", PATH, { token })).body as Document;
}

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1", async () => {
    const text = (await server.ask("GET", PATH)).text;
    const result = await new Validator().validate(JSON.parse(text) as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect((JSON.parse(text) as Document).openapi).toMatch(/^3\.1\./);
  });

  test("names no operation twice", async () => {
    const { paths } = await document();
    const ids = Object.values(paths).flatMap((item) =>
      VERBS.flatMap((verb) => (item[verb] === undefined ? [] : [(item[verb] as { operationId?: string }).operationId])),
    );
    expect(ids.length).toBeGreaterThan(80);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("has every path that the endpoints' sources name", async () => {
    const folder = fileURLToPath(new URL("../../src/endpoints/", import.meta.url));
    const sources = readdirSync(folder).map((name) => readFileSync(folder + name, "utf8"));
    const named = sources.flatMap((text) =>
      [...text.matchAll(/path: "((?:sys|auth)\/[^"]+)"/g)].map(([, path]) => path),
    );
    expect(named.length).toBeGreaterThan(30);
    const { paths } = await document();
    expect(named.filter((path) => paths[`/${path?.replace("*", "{path}")}`] === undefined)).toEqual([]);
  });

  test("has nothing that is not served, and no method that a path refuses", async () => {
    const { paths } = await document();
    const refused: string[] = [];
    for (const [template, item] of Object.entries(paths)) {
      for (const verb of VERBS) {
        const operation = item[verb];
        if (operation === undefined || ENDING.includes(template)) continue;
        const list = operation.parameters.some(({ name, required }) => name === "list" && required);
        const path = template.slice(1).replaceAll("{path}", "nothing-here") + (list ? "?list=true" : "");
        // Not JSON: whatever takes a body refuses it, whatever takes none is asked about what is not there.
        const { status, text } = await server.ask(verb.toUpperCase(), path, verb === "get" ? {} : { body: "[" });
        if (status === 405 || text.includes("unsupported path") || text.includes("no handler")) {
          refused.push(`${verb} ${template}: ${status}`);
        }
      }
    }
    expect(refused).toEqual([]);
  });

  test("says where a token is needed, as the server does", async () => {
    const { paths } = await document();
    for (const [template, item] of Object.entries(paths)) {
      const read = item.get;
      if (read === undefined || read.parameters.some(({ name }) => name === "list")) continue;
      const { status } = await server.ask("GET", template.slice(1).replaceAll("{path}", "nothing-here"), { token: "" });
      // Open endpoints may ask for a token when there is something to protect; they never need one to be described.
      if (read.security.length > 0) expect([template, status]).toEqual([template, 403]);
    }
  });

  test("shows the mounts that a token can use, and to nobody else those that are not shown to everybody", async () => {
    const mounts = (paths: Document["paths"]) => Object.keys(paths).filter((path) => path.startsWith("/team/"));
    expect(mounts((await document()).paths)).toEqual(
      expect.arrayContaining([
        "/team/kv-v1/{path}",
        "/team/kv-v2/data/{path}",
        "/team/kv-v2/config",
        "/team/transit/keys/{path}/rotate",
      ]),
    );
    expect(mounts((await document("")).paths)).toEqual([]);
    expect(mounts((await document("s.unknown")).paths)).toEqual([]);
    await server.ask("POST", "sys/mounts/team/kv-v1/tune", { body: { listing_visibility: "unauth" } });
    expect(mounts((await document("")).paths)).toEqual(["/team/kv-v1/{path}"]);
  });

  test("is refused by a sealed server with 503", async () => {
    const sealed = await startTestServer();
    await sealed.ask("PUT", "sys/seal");
    expect((await sealed.ask("GET", PATH)).status).toBe(503);
    await sealed.server.stop();
  });
});

describe("a description", () => {
  const summary = "A thing";
  const item = (document: object, path: string) => (document as Document).paths[path];

  test("has the fields that the schema checks, as they come in", () => {
    const body = z.object({
      count: z.int().default(0),
      name: z.string().transform(Number),
      any: z.unknown().optional(),
    });
    expect(requestSchema(body)).toMatchObject({
      type: "object",
      properties: { count: { type: "integer" }, name: { type: "string" } },
      required: ["name"],
    });
  });

  test("of LIST beside GET is one GET with a parameter, which alone is required", () => {
    const both = openApiDocument([{ path: "a", operations: { GET: { summary }, LIST: { summary: "List" } } }]);
    expect(item(both, "/a")?.get?.parameters).toMatchObject([{ name: "list", required: false }]);
    const alone = openApiDocument([{ path: "a", operations: { LIST: { summary } } }]);
    expect(item(alone, "/a")?.get?.parameters).toMatchObject([{ name: "list", required: true }]);
  });

  test("escapes what a template would misread in a mount's path", () => {
    const document = openApiDocument([{ path: "te{am}/ü/*", operations: { GET: { summary } } }]);
    expect(Object.keys((document as Document).paths)).toEqual(["/te%7Bam%7D/%C3%BC/{path}"]);
  });
});
