// SPDX-License-Identifier: Apache-2.0
/**
 * Key Vault's own way to ask for a token: it answers 401 and says, in `WWW-Authenticate`, for which resource. The first
 * request is sent without its body, so that no key leaves before the other side has been recognised.
 *
 * The SDK's own policy for this is not used: it renews tokens in the background on its own timetable, and where that
 * fails, nobody handles the rejection, which ends the process.
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { GetToken, TokenRequest } from "./directory.ts";
import { foreignResource } from "./errors.ts";
import type { Settings } from "./settings.ts";

/** It may ask twice: for a token, and then for one with further claims (continuous access evaluation). */
const ROUNDS = ["token", "claims"] as const;

function parametersOf(header: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]));
}

/** Whether a token for `resource` is of no use elsewhere: it is this vault, the domain that it is in, or as configured. */
function isOwn(resource: string, settings: Settings): boolean {
  const wanted = URL.parse(resource);
  if (wanted === null) return false;
  const vault = new URL(settings.vaultUrl);
  return [vault.host, settings.resource].includes(wanted.host) || vault.hostname.endsWith(`.${wanted.hostname}`);
}

function challengeIn(response: PipelineResponse, settings: Settings): TokenRequest | undefined {
  const header = response.headers.get("WWW-Authenticate");
  if (header === undefined) return undefined;
  const { resource, scope, claims } = parametersOf(header);
  const wanted = resource ?? scope;
  if (wanted === undefined) return undefined;
  if (!isOwn(wanted, settings)) throw foreignResource(settings, settings.resource);
  return {
    scope: resource === undefined ? wanted : `${wanted.replace(/\/$/, "")}/.default`,
    ...(claims === undefined ? {} : { claims: Buffer.from(claims, "base64").toString("utf8") }),
  };
}

/** Puts a token of `getToken` on every request. */
export function answerChallenges(settings: Settings, getToken: GetToken): PipelinePolicy {
  let known: TokenRequest | undefined;

  const authorize = async (request: PipelineRequest, challenge: TokenRequest): Promise<void> => {
    request.headers.set("Authorization", `Bearer ${await getToken(challenge)}`);
  };

  return {
    name: "sealwrightChallenge",
    async sendRequest(request, next) {
      const { body } = request;
      if (known === undefined) delete request.body;
      else await authorize(request, known);
      let response = await next(request);
      for (const round of ROUNDS) {
        const challenge = response.status === 401 ? challengeIn(response, settings) : undefined;
        if (challenge === undefined || (round === "claims" && challenge.claims === undefined)) break;
        await authorize(request, challenge);
        // Claims are asked for once, and then are in the token that the SDK keeps.
        known = { scope: challenge.scope };
        if (body !== undefined) request.body = body;
        response = await next(request);
      }
      return response;
    },
  };
}
