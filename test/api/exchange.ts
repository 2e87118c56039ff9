// SPDX-License-Identifier: Apache-2.0
/** One HTTP request and its answer, with any verb and a body as it stands. */
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { isObject, type Json, type Row } from "./recording.ts";

/** What is sent. */
export interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where the request has no body. */
  readonly body?: string;
}

/** What came back; `response` in the recording's notation. */
export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  readonly response: Json;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const MEBIBYTE = 2 ** 20;
const PATIENCE_MS = 10_000;

function parse(text: string): Json {
  if (text === "") return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return { $raw: text };
  }
}

/** Sends a request. A server that answers before it has read the whole body may close the connection: the answer counts. */
export function exchange({ method, url, headers, body }: Outgoing): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const outgoing = request(url, { method, agent, headers: { ...headers, ...length } }, (incoming) => {
      const chunks: Buffer[] = [];
      const finish = (): void =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          response: parse(Buffer.concat(chunks).toString("utf8")),
        });
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", finish);
      incoming.on("error", finish);
    });
    outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy(new Error(`no answer to ${method} ${url}`)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Closes the connections that are kept. */
export function closeConnections(): void {
  agent.destroy();
}

/** The bodies that the recorder described instead of writing them down. */
const DESCRIBED: Readonly<Record<string, () => string>> = {
  "uninit/init-body-33MiB": () => JSON.stringify({ secret_shares: 5, pad: "a".repeat(33 * MEBIBYTE) }),
  "kv/big-body": () => JSON.stringify({ data: { k: "a".repeat(33 * MEBIBYTE) } }),
  "kv/1MiB": () => JSON.stringify({ data: { k: "a".repeat(MEBIBYTE) } }),
  "kv/many-strings": () =>
    JSON.stringify({ data: Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`k${index}`, "v"])) }),
};

/** The text of a row's body, `apply` having put our values into it; undefined where the row has none. */
export function bodyOf(row: Row, apply: (value: Json) => Json): string | undefined {
  if (row.body === undefined || row.body === null) return undefined;
  if (isObject(row.body)) {
    const { $raw: raw, $note: note } = row.body;
    if (typeof raw === "string") return raw;
    if (note !== undefined) {
      const describe = DESCRIBED[row.name];
      if (describe === undefined) throw new Error(`nobody knows what ${row.name} sent`);
      return describe();
    }
  }
  return JSON.stringify(apply(row.body));
}
