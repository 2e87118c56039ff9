// SPDX-License-Identifier: Apache-2.0
/**
 * Requests to the remote server. Node's own http and https rather than fetch, which takes no certificates. Nothing is
 * repeated here: whoever calls decides that.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isSealError, MAX_PLAINTEXT_BYTES } from "@sealwright/seal";
import type { Settings } from "./config.ts";
import { abandoned, garbled, insecureRedirect } from "./errors.ts";
import { unreachable } from "./unreachable.ts";

/** Above any answer of a transit engine, the longest plaintext in base64; what is longer is somebody else's. */
const LONGEST_ANSWER = 2 * MAX_PLAINTEXT_BYTES;
const REDIRECTIONS: readonly (number | undefined)[] = [301, 302, 307, 308];

/** What came back. */
export interface Answer {
  readonly status: number;
  /** The parsed JSON; undefined where the body was none. */
  readonly body: unknown;
}

/** A way to the remote server. */
export interface Remote {
  readonly settings: Settings;
  /**
   * POSTs `body` to `path`, below `/v1/` and encoded. Rejects with `SEAL_UNAVAILABLE` where no HTTP answer comes, and
   * with `SEAL_TIMEOUT` when `signal` aborts, which ends the request.
   */
  post(path: string, body: object, signal: AbortSignal | undefined): Promise<Answer>;
  /** Ends the requests that are under way. */
  close(): void;
}

async function readAnswer(settings: Settings, response: IncomingMessage): Promise<Answer> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw garbled(settings, status);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  try {
    return { status, body: JSON.parse(bytes.toString("utf8")) };
  } catch {
    return { status, body: undefined };
  } finally {
    // It may hold the root key.
    for (const chunk of [bytes, ...chunks]) chunk.fill(0);
  }
}

/** A remote that is asked with these settings. Touches no network by itself. */
export function openRemote(settings: Settings): Remote {
  const closing = new AbortController();
  const [plain, secure] = [new HttpAgent(), new HttpsAgent(settings.tls)];
  const headers = {
    "Content-Type": "application/json",
    "X-Vault-Request": "true",
    "X-Vault-Token": settings.token,
    ...(settings.namespace === undefined ? {} : { "X-Vault-Namespace": settings.namespace }),
  };

  const send = (url: URL, payload: Buffer, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const options = { method: "POST", headers: { ...headers, "Content-Length": payload.length }, signal };
      const request =
        url.protocol === "https:"
          ? httpsRequest(url, { ...options, agent: secure })
          : httpRequest(url, { ...options, agent: plain });
      request.once("response", resolve);
      // Stays: an error after the answer began is the answer's.
      request.on("error", reject);
      request.end(payload);
    });

  // A standby sends its clients on to the active server, once.
  const follow = async (url: URL, response: IncomingMessage, payload: Buffer, signal: AbortSignal) => {
    const { location } = response.headers;
    if (!REDIRECTIONS.includes(response.statusCode) || location === undefined) return response;
    response.resume();
    const next = new URL(location, url);
    if (url.protocol === "https:" && next.protocol !== "https:") throw insecureRedirect(settings);
    return send(next, payload, signal);
  };

  return {
    settings,
    async post(path, body, callSignal) {
      const signal = callSignal === undefined ? closing.signal : AbortSignal.any([closing.signal, callSignal]);
      const payload = Buffer.from(JSON.stringify(body));
      try {
        const url = new URL(`${settings.address}/v1/${path}`);
        const response = await follow(url, await send(url, payload, signal), payload, signal);
        return await readAnswer(settings, response);
      } catch (error) {
        if (isSealError(error)) throw error;
        throw signal.aborted ? abandoned(settings, signal.reason) : unreachable(settings, error as Error);
      } finally {
        payload.fill(0);
      }
    },
    close() {
      closing.abort();
      plain.destroy();
      secure.destroy();
    },
  };
}
