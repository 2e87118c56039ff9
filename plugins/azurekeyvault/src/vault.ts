// SPDX-License-Identifier: Apache-2.0
/** Requests to the vault, over the SDK's own pipeline: proxies, TLS, tokens, retries. */
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type Pipeline,
  proxyPolicy,
  tlsPolicy,
  userAgentPolicy,
} from "@azure/core-rest-pipeline";
import { isSealError } from "@sealwright/seal";
import { answerChallenges } from "./challenge.ts";
import { openDirectory } from "./directory.ts";
import { abandoned } from "./errors.ts";
import type { Answer } from "./refusals.ts";
import { retries } from "./retries.ts";
import type { Settings } from "./settings.ts";
import { unreachable } from "./unreachable.ts";

/** The version of the interface: the same for these operations ever since, and known to emulators. */
const API_VERSION = "7.4";

/** A way to the vault. */
export interface Vault {
  readonly settings: Settings;
  /**
   * Asks below `/keys/`, and answers whatever the vault did. Rejects with `SEAL_UNAVAILABLE` where no answer comes, with
   * `SEAL_DENIED` and others where there is no token, and with `SEAL_TIMEOUT` when `signal` aborts.
   */
  ask(method: HttpMethods, path: string, body: object | undefined, signal: AbortSignal | undefined): Promise<Answer>;
  /** Ends the requests that are under way. */
  close(): void;
}

function pipelineFor(settings: Settings): Pipeline {
  const pipeline = createEmptyPipeline();
  if (settings.ca !== undefined) pipeline.addPolicy(tlsPolicy({ ca: settings.ca }));
  pipeline.addPolicy(proxyPolicy());
  pipeline.addPolicy(userAgentPolicy({ userAgentPrefix: "sealwright" }));
  pipeline.addPolicy(answerChallenges(settings, openDirectory(settings)));
  pipeline.addPolicy(retries(), { phase: "Retry" });
  return pipeline;
}

function clockAhead(date: string | undefined): number | undefined {
  const then = Date.parse(date ?? "");
  return Number.isNaN(then) ? undefined : then - Date.now();
}

function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

/** The vault of `settings`. Touches no network by itself. Throws `SEAL_CONFIG` for a login that cannot work. */
export function openVault(settings: Settings): Vault {
  const closing = new AbortController();
  const http = createDefaultHttpClient();
  const pipeline = pipelineFor(settings);
  return {
    settings,
    async ask(method, path, body, callSignal) {
      const signal = callSignal === undefined ? closing.signal : AbortSignal.any([closing.signal, callSignal]);
      const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const request = createPipelineRequest({
        url: `${settings.vaultUrl}/keys/${path}?api-version=${API_VERSION}`,
        method,
        headers: createHttpHeaders({ Accept: "application/json", "Content-Type": "application/json" }),
        abortSignal: signal,
        ...(payload === undefined ? {} : { body: payload }),
      });
      try {
        const { status, bodyAsText, headers } = await pipeline.sendRequest(http, request);
        return { status, body: parsed(bodyAsText), clockAhead: clockAhead(headers.get("Date")) };
      } catch (error) {
        if (isSealError(error)) throw error;
        throw signal.aborted ? abandoned(settings, signal.reason) : unreachable(settings, error as Error);
      } finally {
        // It may hold the data key.
        payload?.fill(0);
      }
    },
    close() {
      closing.abort();
    },
  };
}
