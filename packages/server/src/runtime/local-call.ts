// SPDX-License-Identifier: Apache-2.0
import type { ApiResponse } from "../http/api.ts";
import { HttpError, problem } from "../http/problem.ts";
import type { RunningServer } from "./server.ts";

/** A PUT that the server makes to itself, past its listeners. */
interface LocalCall {
  readonly path: string;
  readonly body: object;
  readonly token?: string;
}

/** Sends `call` to the server's own dispatcher. Answers a refusal at the edge too; throws any other failure. */
export async function callLocally(server: RunningServer, { path, body, token }: LocalCall): Promise<ApiResponse> {
  const request = {
    method: "PUT" as const,
    path,
    query: new URLSearchParams(),
    text: JSON.stringify(body),
    token,
    remoteAddress: "",
    signal: new AbortController().signal,
  };
  const answer = await server.dispatch(request).catch((error: unknown) => {
    if (error instanceof HttpError) return problem(error);
    throw error;
  });
  answer.onDelivered?.();
  return answer;
}
