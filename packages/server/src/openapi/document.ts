// SPDX-License-Identifier: Apache-2.0
/** The OpenAPI 3.1 document, made of the tables that requests are served from. */
import type { Endpoint, Method, OperationDescription } from "../http/api.ts";
import type { ServedPath } from "../mounts/served-paths.ts";
import { VERSION } from "../version.ts";
import { requestSchema } from "./schema.ts";

/** Something at a path: an endpoint of the server's own, or a path of a mount. */
export type Described = ServedPath & Partial<Pick<Endpoint, "access">>;

const NEEDS_TOKEN = [{ token: [] }, { bearer: [] }];
/** `*` in our tables: OpenAPI has no word for a parameter with slashes in it. */
const REST = { name: "path", in: "path", required: true, schema: { type: "string" } };
const REST_NOTE = "One segment or more: slashes in it stay as they are.";

const RESPONSES = {
  "200": { description: "Done; what was asked for is in the body.", content: { "application/json": {} } },
  "204": { description: "Done; there is nothing to say." },
  default: { $ref: "#/components/responses/Refusal" },
};

function parameters(method: Method, { query = {} }: OperationDescription, required: boolean): object[] {
  const described = Object.entries(query).map(([name, description]) => ({
    name,
    in: "query",
    description,
    schema: { type: "string" },
  }));
  if (method !== "LIST") return described;
  // OpenAPI 3.1 knows no verb LIST: it is a GET that says so.
  const description = "Must be true: lists instead of reading. The verb LIST means the same.";
  return [
    ...described,
    { name: "list", in: "query", required, description, schema: { type: "string", enum: ["true"] } },
  ];
}

function requestBody(method: Method, { body }: OperationDescription): object {
  if (body === undefined) return {};
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  return { requestBody: { content: { [type]: { schema: requestSchema(body) } } } };
}

function operationId(method: string, template: string): string {
  const words = template.replace(/[{}]/g, "").split(/[^A-Za-z0-9]+/);
  return [method, ...words.filter((word) => word !== "")].join("-");
}

function describe(method: Method, operation: OperationDescription, access: Endpoint["access"], required: boolean) {
  return {
    summary: operation.summary,
    parameters: parameters(method, operation, required),
    ...requestBody(method, operation),
    responses: RESPONSES,
    security: access === "open" ? [] : NEEDS_TOKEN,
    ...(access === "sudo" ? { "x-vault-sudo": true } : {}),
  };
}

/** The operations of a path by their HTTP verbs in lower case. Reading and listing are both GET. */
function operationsOf({ operations, access = "guarded" }: Described): Record<string, object> {
  const { GET: read, LIST: list, ...others } = operations;
  const described = Object.entries(others).map(([method, operation]) => [
    method.toLowerCase(),
    describe(method as Method, operation, access, false),
  ]);
  const get = read ?? list;
  if (get !== undefined) {
    const asList = list === undefined ? "GET" : "LIST";
    const both = read !== undefined && list !== undefined && read.summary !== list.summary;
    const summary = both ? `${read.summary}, or ${list.summary.toLowerCase()}` : get.summary;
    described.push(["get", describe(asList, { ...get, summary }, access, read === undefined)]);
  }
  return Object.fromEntries(described) as Record<string, object>;
}

/** A path below `/v1/` as a template: `{path}` for `*`, what a template would misread escaped. */
function templateOf(path: string): string {
  return `/${path
    .split("/")
    .map((segment) => (segment === "*" ? "{path}" : encodeURIComponent(segment)))
    .join("/")}`;
}

function pathItem(each: Described): [string, object] {
  const template = templateOf(each.path);
  const operations = Object.entries(operationsOf(each)).map(([verb, operation]) => [
    verb,
    { operationId: operationId(verb, template), tags: [template.split("/")[1] ?? ""], ...operation },
  ]);
  const rest = each.path.includes("*") ? { parameters: [{ ...REST, description: REST_NOTE }] } : {};
  return [template, { ...rest, ...Object.fromEntries(operations) }];
}

/** The document for `served`. */
export function openApiDocument(served: readonly Described[]): object {
  return {
    openapi: "3.1.1",
    info: {
      title: "Sealwright",
      description: "The HTTP API, as this server serves it to whoever asked. Names in bodies may be in any case.",
      version: VERSION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/v1" }],
    paths: Object.fromEntries(served.map(pathItem)),
    components: {
      securitySchemes: {
        token: { type: "apiKey", in: "header", name: "X-Vault-Token" },
        bearer: { type: "http", scheme: "bearer" },
      },
      responses: {
        Refusal: {
          description: "Refused, and nothing has changed. Each sentence says why.",
          content: {
            "application/json": {
              schema: {
                type: "object",
                properties: { errors: { type: "array", items: { type: "string" } } },
              },
            },
          },
        },
      },
    },
  };
}
