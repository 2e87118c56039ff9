// SPDX-License-Identifier: Apache-2.0
/** Walks a recording against a server of ours, in order, and says how each answer differs from the recorded one. */
import { Bindings } from "./bindings.ts";
import { type Answer, bodyOf, closeConnections, exchange } from "./exchange.ts";
import { decryptFor, type Holder, makeHolder } from "./pgp.ts";
import { isObject, type Json, type RecordingName, type Row, readRecording } from "./recording.ts";
import { compareHeaders, compareShapes } from "./shape.ts";
import { Stage } from "./stage.ts";

/** How a row was answered. */
export interface Outcome {
  readonly row: Row;
  readonly answer: Answer;
  /** One line each; none where status and shape are as recorded. */
  readonly differences: readonly string[];
}

/** Rows that make the token which later rows name. */
const TOKEN_ROWS: Readonly<Record<string, string>> = {
  "token/create-limited": "limited",
  "token/create-rotnosudo": "rotnosudo",
  "token/create-rotsudo": "rotsudo",
  "token/create-for-revoke": "torevoke",
};

const PGP_KEY = /^mQENB/;
/** A share, or a key of one share; the recorder's made-up ones repeat a digit. */
const REAL_SHARE = /^(?!(.)\1{20})[0-9a-f]{64}(?:[0-9a-f]{2})?$/;
const WIPED_AFTER = /\/NOTE-now-initialized/;

function textsIn(value: Json | undefined): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** The answer's fields, which newer endpoints put under `data`. */
function fieldsOf(response: Json): { readonly [key: string]: Json } {
  if (!isObject(response)) return {};
  return isObject(response.data) ? response.data : response;
}

class Replay {
  readonly #stage: Stage;
  readonly #bindings = new Bindings();
  readonly #tokens = new Map<string, string>();
  readonly #holders = new Map<string, Holder>();
  /** Shares that were handed out encrypted, and that the recorder decrypted before it submitted them. */
  readonly #decrypted: string[] = [];
  #otp = "";

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Sends `row` with our values in place of the recorded ones, and learns from the answer. */
  async send(row: Row): Promise<Outcome> {
    for (const text of textsIn(row.body)) await this.#prepare(text);
    const body = bodyOf(row, (value) => this.#bindings.applyAll(value));
    const answer = await exchange({
      method: row.method,
      url: `${this.#stage.url}${this.#bindings.apply(row.path)}`,
      headers: { ...this.#token(row.auth), ...this.#headers(row) },
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status < 400 && row.status < 400) await this.#learn(row, answer.response);
    return { row, answer, differences: this.#compare(row, answer) };
  }

  /** A request that no row has: what the recorder did outside the recording. */
  async also(method: string, path: string, body?: Json): Promise<Answer> {
    const url = `${this.#stage.url}/v1/${path}`;
    return exchange({
      method,
      url,
      headers: this.#token("root"),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** The body of `row` as {@link send} sends it. */
  requestBody(row: Row): Json {
    return this.#bindings.applyAll(row.body ?? null);
  }

  #compare(row: Row, { status, headers, response }: Answer): string[] {
    const line = status === row.status ? [] : [`status: ${row.status} recorded, ${status} answered`];
    const shape = compareShapes(this.#bindings.applyAll(row.response), response);
    // Where there is no content, nothing says of which type it is.
    const headed = row.response === null || response === null ? [] : compareHeaders(row.response_headers, headers);
    return [...line, ...headed, ...shape];
  }

  #token(auth: string): Record<string, string> {
    return auth === "none" ? {} : { "X-Vault-Token": this.#tokens.get(auth) ?? auth };
  }

  #headers({ headers = {} }: Row): Record<string, string> {
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, this.#bindings.apply(value)]));
  }

  /** Sees to it that something of ours stands for a recorded public key, or for a share that came encrypted. */
  async #prepare(text: string): Promise<void> {
    if (this.#bindings.has(text)) return;
    if (PGP_KEY.test(text)) {
      const holder = await makeHolder();
      this.#holders.set(holder.fingerprint, holder);
      this.#bindings.bind(text, holder.publicKey);
    } else if (REAL_SHARE.test(text) && this.#bindings.apply(text) === text) {
      const share = this.#decrypted.shift();
      if (share !== undefined) this.#bindings.bind(text, share);
    }
  }

  async #learn(row: Row, response: Json): Promise<void> {
    this.#bindings.learn(row.response, response);
    const fields = fieldsOf(response);
    if (typeof fields.root_token === "string") this.#tokens.set("root", fields.root_token);
    if (isObject(response) && isObject(response.auth ?? null)) this.#learnToken(row, response.auth ?? null);
    if (typeof fields.otp === "string" && fields.otp !== "") this.#otp = fields.otp;
    if (fields.complete === true && typeof fields.encoded_token === "string")
      this.#learnGenerated(fields.encoded_token);
    if (Array.isArray(fields.pgp_fingerprints) && Array.isArray(fields.keys_base64)) {
      await this.#decryptShares(fields.pgp_fingerprints, fields.keys_base64);
    }
  }

  #learnToken(row: Row, auth: Json): void {
    const name = TOKEN_ROWS[row.name];
    if (name !== undefined && isObject(auth)) this.#tokens.set(name, String(auth.client_token));
  }

  /** A generated root token is told as base64 of its exclusive or with the one-time password. */
  #learnGenerated(encoded: string): void {
    const token = Buffer.from(encoded, "base64").map((byte, index) => byte ^ this.#otp.charCodeAt(index));
    this.#tokens.set("gen", Buffer.from(token).toString("latin1"));
  }

  async #decryptShares(fingerprints: readonly Json[], messages: readonly Json[]): Promise<void> {
    this.#decrypted.length = 0;
    for (const [index, fingerprint] of fingerprints.entries()) {
      const holder = this.#holders.get(String(fingerprint));
      if (holder !== undefined) this.#decrypted.push(await decryptFor(holder, String(messages[index])));
    }
  }
}

/** Whether an attempt that the recorded server ended goes on here, since the row did not name it: the replay ends it. */
function refusedToCancel({ row, answer }: Outcome): boolean {
  return row.method === "DELETE" && row.status < 300 && answer.status === 400;
}

function nextState(rows: readonly Row[], index: number): string {
  return rows[index + 1]?.state ?? "";
}

/** Replays the recording `name` on a server of its own, and gives the outcome of every row. */
export async function replay(name: RecordingName): Promise<Outcome[]> {
  const rows = readRecording(name);
  const stage = await Stage.prepare(name);
  const replay = new Replay(stage);
  const outcomes: Outcome[] = [];
  const unsealBodies: Json[] = [];
  try {
    await stage.start("served");
    for (const [index, row] of rows.entries()) {
      const outcome = await replay.send(row);
      outcomes.push(outcome);
      if (refusedToCancel(outcome)) await replay.also("DELETE", row.path.replace("/v1/", ""));
      if (row.name === "unseal-after-seal") unsealBodies.push(replay.requestBody(row));
      if (WIPED_AFTER.test(row.name) && !WIPED_AFTER.test(rows[index + 1]?.name ?? "")) await stage.wipe();
      const next = nextState(rows, index);
      if (next === row.state) continue;
      // The recorded server had nothing at secret/ until a row mounted it.
      if (next === "unsealed") await replay.also("DELETE", "sys/mounts/secret");
      // Our init mounts key/value version 1 at secret/; the recorded server had no mount until a row made one.
      if (next === "unsealed") await replay.also("DELETE", "sys/mounts/secret");
      if (next.startsWith("default-listener")) {
        await stage.restart("not served");
        for (const body of unsealBodies) await replay.also("PUT", "sys/unseal", body);
      }
    }
    return outcomes;
  } finally {
    closeConnections();
    await stage.remove();
  }
}
