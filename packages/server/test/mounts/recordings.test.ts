// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, startTestServer, type TestServer } from "./test-server.ts";

/** A request to OpenBao 2.6.2, and what it answered. */
interface Row {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly auth: "none" | "root" | "limited";
  readonly body: unknown;
  readonly status: number;
  readonly response: unknown;
}

const rows = readFileSync(new URL("../fixtures/mounts.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row);

/** Bodies that the recording describes instead of repeating them. */
const DESCRIBED: Readonly<Record<string, () => unknown>> = {
  "kv/big-body": () => ({ data: { value: "x".repeat(33 * 1024 * 1024) } }),
  "kv/1MiB": () => ({ data: { value: "x".repeat(1024 * 1024) } }),
  "kv/many-strings": () => ({
    data: Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`k${index}`, "v"])),
  }),
};

/** Rows of engines that this server has not, so that nobody takes them for served. */
const NOT_SERVED = ["cubbyhole/", "identity/"];
/** Sentences in our own words: a JSON error without the words of Go's decoder, limits with their numbers. */
const OWN_WORDS = ["unsealed/malformed-json", "kv/big-body", "kv/many-strings"];

/** The names and types of everything in a value. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  const served = Object.entries(value).filter(([name]) => !NOT_SERVED.includes(name));
  return Object.fromEntries(served.map(([name, each]) => [name, shape(each)]));
}

function bodyOf({ name, body }: Row): unknown {
  const described = DESCRIBED[name];
  if (described !== undefined) return described();
  const raw = (body as { $raw?: string } | null)?.$raw;
  return raw ?? body ?? undefined;
}

describe("what OpenBao was recorded to answer", () => {
  let server: TestServer;
  const tokens = { none: "", root: "", limited: "" };

  beforeAll(async () => {
    server = await startTestServer();
    tokens.root = server.rootToken;
    // The recorded server had nothing mounted until a row did it.
    await server.ask("DELETE", "sys/mounts/secret");
    await server.ask("PUT", "sys/policies/acl/limited", {
      body: { policy: 'path "kv1/*" { capabilities = ["read"] }' },
    });
    const made = await server.ask("POST", "auth/token/create", { body: { policies: ["limited"] } });
    tokens.limited = String(at(made, "auth.client_token"));
  });
  afterAll(() => server.server.stop());

  test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const [path = "", query = row.method === "LIST" ? "list=true" : ""] = row.path.slice("/v1/".length).split("?");
    const answer = await server.ask(
      row.method === "LIST" ? "GET" : row.method,
      query === "" ? path : `${path}?${query}`,
      {
        body: bodyOf(row),
        token: tokens[row.auth],
      },
    );
    expect(answer.status).toBe(row.status);
    expect(shape(answer.body)).toEqual(shape(row.response));
    const errors = (row.response as { errors?: unknown } | null)?.errors;
    if (errors !== undefined && !OWN_WORDS.includes(row.name)) expect(at(answer, "errors")).toEqual(errors);
    const warnings = (row.response as { warnings?: unknown } | null)?.warnings;
    if (warnings !== undefined) expect(at(answer, "warnings")).toEqual(warnings);
  });
});
