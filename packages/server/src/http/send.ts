// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import type { ApiResponse } from "./api.ts";

/** Writes `answer`, headers and body at once. */
export function send(response: ServerResponse, answer: ApiResponse): void {
  const { status, json, headers, onDelivered } = answer;
  if (onDelivered !== undefined) response.once("finish", onDelivered);
  if (json === undefined) {
    response.writeHead(status, { "Cache-Control": "no-store", ...headers }).end();
    return;
  }
  // A text leaves with the headers in one write; a Buffer would be a second one.
  response
    .writeHead(status, {
      "Cache-Control": "no-store",
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(json),
      ...headers,
    })
    .end(json);
}
