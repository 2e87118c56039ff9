// SPDX-License-Identifier: Apache-2.0
import type { ApiResponse } from "../http/api.ts";
import type { RunningServer } from "./server.ts";

/** A PUT that the server makes to itself, past its listeners. */
export interface LocalCall {
  readonly path: string;
  readonly body: object;
  readonly token?: string;
}

/** Sends `call` to the server's own dispatcher. Throws what a refusal throws. */
export async function callLocally(server: RunningServer, { path, body, token }: LocalCall): Promise<ApiResponse> {
  const answer = await server.dispatch({
    method: "PUT",
    path,
    query: new URLSearchParams(),
    text: JSON.stringify(body),
    token,
    remoteAddress: "",
    signal: new AbortController().signal,
  });
  answer.onDelivered?.();
  return answer;
}
