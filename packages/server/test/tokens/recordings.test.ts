// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "./test-server.ts";

/** A request to OpenBao 2.6.2, and what it answered. */
interface Row {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** `none`, `root`, a name of {@link MADE_BY}, or a token as it is. */
  readonly auth: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly status: number;
  readonly response: unknown;
}

const rows = readFileSync(new URL("../fixtures/access.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row);

const RECORDED_ROOT = "s.aEUbZaXVJxqNIiF6OrcrPEim";

/** Which row made which token. */
const MADE_BY: Readonly<Record<string, string>> = {
  "token/create-limited": "limited",
  "token/create-rotnosudo": "rotnosudo",
  "token/create-rotsudo": "rotsudo",
  "token/create-for-revoke": "torevoke",
};

/** Answers whose sentences are ours: they tell the line and column in our reader's words, or more than the peer's. */
const OWN_WORDS = ["policy/put-bad-hcl", "policy/put-bad-cap"];

/** The names and types of everything in a value. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  const entries = Object.entries(value).map(([key, each]) => [key, shape(each)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isRefusal(value: unknown): boolean {
  return typeof value === "object" && value !== null && "errors" in value;
}

describe("what OpenBao was recorded to answer", () => {
  let server: TestServer;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    server = await startTestServer();
    tokens.set("root", server.root);
  });
  afterAll(() => server.stop());

  function headersOf({ auth, headers = {} }: Row): Record<string, string> {
    const token = auth === "none" ? undefined : (tokens.get(auth) ?? auth);
    const given = Object.entries(headers).map(([name, value]) => [name, value.replace(RECORDED_ROOT, server.root)]);
    return { ...Object.fromEntries(given), ...(token === undefined ? {} : { "X-Vault-Token": token }) };
  }

  test.each(rows)("$name: $method $path by $auth is $status", async (row) => {
    const method = row.method === "LIST" ? "GET" : row.method;
    const search = row.method === "LIST" ? "?list=true" : "";
    const answer = await fetch(`${server.server.urls[0]}${row.path}${search}`, {
      method,
      headers: headersOf(row),
      ...(row.body === null ? {} : { body: JSON.stringify(row.body) }),
    });
    const text = await answer.text();
    const body: unknown = text === "" ? null : JSON.parse(text);
    const made = MADE_BY[row.name];
    if (made !== undefined) tokens.set(made, (body as { auth: { client_token: string } }).auth.client_token);
    expect(answer.status).toBe(row.status);
    const exact = isRefusal(row.response) && !OWN_WORDS.includes(row.name);
    expect(exact ? body : shape(body)).toEqual(exact ? row.response : shape(row.response));
  });
});
