// SPDX-License-Identifier: Apache-2.0
/**
 * Stands in front of the dispatcher: what is audited gets a line before it is done and one after, and a line in the log.
 * Once something was done its answer goes out even if the second line fails: new shares must not be lost.
 */
import { randomUUID } from "node:crypto";
import type { ApiRequest, ApiResponse } from "../http/api.ts";
import { HttpError, toHttpError } from "../http/problem.ts";
import type { Log } from "../runtime/log.ts";
import type { Audit } from "./audit.ts";
import { AuditError } from "./audit-file.ts";
import { requestData, responseData } from "./fields.ts";
import type { AuditContent } from "./line.ts";
import { type Step, stepOf } from "./steps.ts";

type Dispatch = (request: ApiRequest) => Promise<ApiResponse>;

/** Who made a request, by its token. Never the token. */
export interface AuditAuth {
  readonly accessor: string;
  readonly display_name: string;
  readonly policies: readonly string[];
  readonly token_type: string;
}

/** What auditing requests needs. */
export interface AuditDeps {
  readonly audit: Pick<Audit, "append">;
  readonly log: Log;
  /** Who the token belongs to; undefined where that is nobody, or the store is sealed. */
  readonly identify: (token: string) => Promise<AuditAuth | undefined>;
}

interface Outcome {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly error: string | undefined;
}

function outcomeOf(response: ApiResponse): Outcome {
  return { status: response.status, data: responseData(response.json), error: undefined };
}

function failureOf(error: unknown): Outcome {
  const { status, message } = toHttpError(error);
  return { status, data: {}, error: message.trim() };
}

class Entry {
  readonly #deps: AuditDeps;
  readonly #step: Step;
  readonly #auth: AuditAuth | undefined;
  readonly #request: { readonly id: string; readonly remote_address: string };

  constructor(deps: AuditDeps, step: Step, request: ApiRequest, auth: AuditAuth | undefined) {
    this.#deps = deps;
    this.#step = step;
    this.#auth = auth;
    this.#request = {
      id: randomUUID(),
      ...{ operation: step.operation, path: step.path, data: requestData(request.text, request.query) },
      remote_address: request.remoteAddress,
    };
  }

  /** Writes the line before. Throws 500 where that fails and the step is not to be done unaudited. */
  async before(): Promise<void> {
    const line = this.#append({ type: "request", ...this.#who(), request: this.#request });
    if (this.#step.unaudited === "serve") return;
    const failure = await line;
    if (failure === undefined) return;
    throw new HttpError(500, `this request was refused because it cannot be audited: the audit file ${failure.reason}`);
  }

  /** Writes the line after, and the log's. */
  async after({ status, data, error }: Outcome): Promise<void> {
    const { name, operation, path } = this.#step;
    const { remote_address } = this.#request;
    this.#deps.log.info(`${name}: ${operation} ${path}`, {
      remote_address: remote_address || "this process",
      accessor: this.#auth?.accessor,
      status,
      ...progressOf(data),
      error,
    });
    await this.#append({
      ...{ type: "response", ...this.#who(), request: this.#request, response: { status, data } },
      ...(error === undefined ? {} : { error }),
    });
  }

  #who(): { readonly auth?: AuditAuth } {
    return this.#auth === undefined ? {} : { auth: this.#auth };
  }

  async #append(content: AuditContent): Promise<AuditError | undefined> {
    try {
      await this.#deps.audit.append(content);
      return undefined;
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      this.#deps.log.error(error.message, { lost: content.type, request_id: this.#request.id });
      return error;
    }
  }
}

function progressOf({ nonce, progress, required }: Outcome["data"]): Record<string, string | number> {
  return {
    ...(typeof nonce === "string" ? { nonce } : {}),
    ...(typeof progress === "number" ? { progress } : {}),
    ...(typeof required === "number" ? { required } : {}),
  };
}

/** `dispatch` with every audited step recorded. */
export function auditedDispatch(dispatch: Dispatch, deps: AuditDeps): Dispatch {
  return async (request) => {
    const step = stepOf(request);
    if (step === undefined) return dispatch(request);
    const auth = request.token === undefined ? undefined : await deps.identify(request.token);
    const entry = new Entry(deps, step, request, auth);
    await entry.before();
    let response: ApiResponse;
    try {
      response = await dispatch(request);
    } catch (error) {
      await entry.after(failureOf(error));
      throw error;
    }
    await entry.after(outcomeOf(response));
    return response;
  };
}
