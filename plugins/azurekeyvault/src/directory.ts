// SPDX-License-Identifier: Apache-2.0
/**
 * Access tokens, from whoever gives them. The SDK keeps them until they expire. Its errors say neither what the
 * directory answered nor why it was not reached, so each request is watched, and errors are told apart by that.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createDefaultHttpClient, type HttpClient } from "@azure/core-rest-pipeline";
import type { SealError } from "@sealwright/seal";
import { credentialFor } from "./credential.ts";
import { type LoginAnswer, loginRefused, noCredentials } from "./login-refusals.ts";
import type { Settings } from "./settings.ts";
import { loginUnreachable } from "./unreachable.ts";

/** What a token is asked for. */
export interface TokenRequest {
  /** Such as `https://vault.azure.net/.default`. */
  readonly scope: string;
  /** What the vault wants to see in it besides, as JSON. */
  readonly claims?: string;
}

/** Gives the access token for a request. Rejects with a `SealError`. */
export type GetToken = (request: TokenRequest) => Promise<string>;

/** What the requests for one token came to: the last one that failed. */
interface Trace {
  failure?: (settings: Settings) => SealError;
}

const traces = new AsyncLocalStorage<Trace>();

const http = createDefaultHttpClient();

// One for the whole module: the SDK shares what asks for managed identities among its credentials.
const watchedHttp: HttpClient = {
  async sendRequest(request) {
    const trace = traces.getStore();
    const { origin: host } = new URL(request.url);
    try {
      const response = await http.sendRequest(request);
      const { status, bodyAsText } = response;
      if (trace !== undefined && status >= 400) {
        const answer: LoginAnswer = { host, status, body: bodyAsText ?? "" };
        trace.failure = (settings) => loginRefused(settings, answer);
      }
      return response;
    } catch (error) {
      if (trace !== undefined) trace.failure = (settings) => loginUnreachable(settings, host, error as Error);
      throw error;
    }
  },
};

/** Gives tokens to whom the settings say. Touches no network by itself. */
export function openDirectory(settings: Settings): GetToken {
  const credential = credentialFor(settings, watchedHttp);
  const { method } = settings.login;
  const pending = new Map<string, Promise<string>>();

  const ask = async ({ scope, claims }: TokenRequest): Promise<string> => {
    const trace: Trace = {};
    try {
      const options = { enableCae: true, ...(claims === undefined ? {} : { claims }) };
      const token = await traces.run(trace, () => credential.getToken(scope, options));
      if (token === null) throw new Error("the credential gave no token");
      return token.token;
    } catch (cause) {
      // A chain tries one credential after the other: no single failure is the reason.
      const isChain = method === "default" || method === "environment";
      throw (isChain ? undefined : trace.failure?.(settings)) ?? noCredentials(settings, method, cause);
    }
  };

  return (request) => {
    const key = JSON.stringify(request);
    const asked = pending.get(key) ?? ask(request).finally(() => pending.delete(key));
    pending.set(key, asked);
    return asked;
  };
}
