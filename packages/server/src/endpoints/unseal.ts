// SPDX-License-Identifier: Apache-2.0
import * as z from "zod";
import { type Endpoint, onWrite, operationWith } from "../http/api.ts";
import { HttpError } from "../http/problem.ts";
import { plain } from "../http/respond.ts";
import { type StatusDeps, sealStatus } from "./seal-status.ts";
import { decodeShare } from "./share-text.ts";

const body = z.object({
  key: z.string({ error: "expected a string" }).default(""),
  reset: z.boolean({ error: "expected true or false" }).default(false),
  migrate: z.boolean({ error: "expected true or false" }).default(false),
  /** Ours: the name of a seal of shares beside others, whose officers open the store. */
  seal: z.string({ error: "expected a string" }).optional(),
});

/** `sys/unseal`: one share at a time, or `reset`. */
export function unsealEndpoints(deps: StatusDeps): Endpoint[] {
  const { store } = deps;
  const unseal = operationWith("Submit a share, or forget those submitted", body, async ({ request, fields }) => {
    const { key, reset, migrate, seal } = fields;
    if (reset) {
      await store.resetShares();
      return plain(await sealStatus(deps));
    }
    if (key === "") {
      throw new HttpError(400, "'key' must be specified in request body as JSON, or 'reset' set to true");
    }
    const share = decodeShare(key);
    try {
      await store.submitShare(share, { migrate, ...(seal === undefined ? {} : { seal }), signal: request.signal });
    } finally {
      share.fill(0);
    }
    return plain(await sealStatus(deps));
  });
  return [{ path: "sys/unseal", access: "open", operations: onWrite(unseal) }];
}
