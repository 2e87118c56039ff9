// SPDX-License-Identifier: Apache-2.0
import type { Answer, Client } from "../http/client.ts";
import { objectField } from "../http/fields.ts";

function unframed(answer: Answer): Answer {
  const data = objectField(answer.body, "data");
  return data === undefined ? answer : { ...answer, body: data };
}

/**
 * `client` for a family whose answers stand in a frame, under `data`: what a rekey is at is read the same way in both
 * families. What is asked of `framed` keeps its frame, which is shown.
 */
export function unframedClient(client: Client, framed: string): Client {
  return {
    request: async (method, path, parts) => {
      const answer = await client.request(method, path, parts);
      return path === framed ? answer : unframed(answer);
    },
    prepare: async (method, path) => unframed(await client.prepare(method, path)),
  };
}
