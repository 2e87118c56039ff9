// SPDX-License-Identifier: Apache-2.0
import { ServerError } from "../errors.ts";
import { isObject, parseJson } from "../output/json-text.ts";
import type { Incoming } from "./transport.ts";

/** The server answered with an error: exit code 2. The message has Vault's layout. */
export class ApiError extends ServerError {
  readonly status: number;
  /** The server's own sentences; empty when the answer wasn't Vault's JSON. */
  readonly reasons: readonly string[];
  readonly answer: Incoming;

  constructor(method: string, url: string, answer: Incoming) {
    const reasons = reasonsIn(answer.text);
    const told =
      reasons === undefined
        ? `Raw Message:\n\n${answer.text}`
        : `Errors:\n\n${reasons.map((reason) => `* ${reason}`).join("\n")}`;
    super(`Error making API request.\n\nURL: ${method} ${url}\nCode: ${answer.status}. ${told}`);
    this.name = "ApiError";
    this.status = answer.status;
    this.reasons = reasons ?? [];
    this.answer = answer;
  }
}

function reasonsIn(text: string): readonly string[] | undefined {
  try {
    const body = parseJson(text);
    return isObject(body) && Array.isArray(body.errors) ? body.errors.map(String) : undefined;
  } catch {
    return undefined;
  }
}
