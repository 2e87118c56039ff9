// SPDX-License-Identifier: Apache-2.0
/** What tokens may do: `sys/capabilities*`, and `sys/internal/ui/resultant-acl`. */
import * as z from "zod";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { HttpError, permissionDenied } from "../http/problem.ts";
import { dataResponse, mergedResponse } from "../http/respond.ts";
import { namesOf } from "../policies/capability.ts";
import { type PolicyStore, ROOT } from "../policies/policy-store.ts";
import type { Authorizer } from "../tokens/authorizer.ts";
import type { KnownToken } from "../tokens/token.ts";
import type { TokenStore } from "../tokens/token-store.ts";

/** What the capabilities endpoints need. */
export interface CapabilitiesDeps {
  readonly tokens: TokenStore;
  readonly policies: PolicyStore;
  readonly authorizer: Authorizer;
}

const text = z.string({ error: "expected a text" });
const list = z
  .union([z.array(text), text.transform((value) => value.split(","))], { error: "expected a list of paths" })
  .default([]);
/** `path` is the older name of `paths`. */
const selfBody = z.object({ paths: list, path: list });
const tokenBody = selfBody.extend({ token: text.default("") });
const accessorBody = selfBody.extend({ accessor: text.default("") });

/** The endpoints. */
export function capabilitiesEndpoints({ tokens, policies, authorizer }: CapabilitiesDeps): Endpoint[] {
  const answer = async (known: KnownToken, fields: z.output<typeof selfBody>) => {
    const paths = (fields.paths.length > 0 ? fields.paths : fields.path).filter((path) => path !== "");
    if (paths.length === 0) throw new HttpError(400, "paths must be supplied");
    const granted = new Map<string, string[]>();
    for (const path of paths) granted.set(path, await authorizer.capabilities(known.entry, path.replace(/^\/+/, "")));
    if (paths.length === 1) granted.set("capabilities", granted.get(paths[0] ?? "") ?? []);
    return mergedResponse(Object.fromEntries(granted));
  };
  const self = operationWith("What one's own token may do on paths", selfBody, async ({ request, fields }) => {
    const known = await tokens.lookup(request.token ?? "");
    if (known === undefined) throw permissionDenied();
    return answer(known, fields);
  });
  const ofToken = operationWith("What a token may do on paths", tokenBody, async ({ fields }) => {
    if (fields.token === "") throw new HttpError(400, "missing token");
    const known = await tokens.lookup(fields.token);
    if (known === undefined) throw new HttpError(400, "invalid token");
    return answer(known, fields);
  });
  const ofAccessor = operationWith("What an accessor's token may do on paths", accessorBody, async ({ fields }) => {
    if (fields.accessor === "") throw new HttpError(400, "missing accessor");
    const known = await tokens.lookupAccessor(fields.accessor);
    if (known === undefined) throw new HttpError(400, "invalid accessor");
    return answer(known, fields);
  });
  const resultant = operation("All that one's own token may do", async ({ request }) => {
    const known = await tokens.lookup(request.token ?? "");
    if (known === undefined) throw permissionDenied();
    if (known.entry.policies.includes(ROOT)) return dataResponse({ root: true });
    const { exact, globs } = (await policies.acl(known.entry.policies)).describe();
    const shown = (rules: typeof exact) =>
      Object.fromEntries(rules.map(([path, set]) => [path, { capabilities: namesOf(set) }]));
    return dataResponse({ root: false, exact_paths: shown(exact), glob_paths: shown(globs) });
  });
  return [
    { path: "sys/capabilities", access: "guarded", operations: onWrite(ofToken) },
    { path: "sys/capabilities-self", access: "guarded", operations: onWrite(self) },
    { path: "sys/capabilities-accessor", access: "guarded", operations: onWrite(ofAccessor) },
    { path: "sys/internal/ui/resultant-acl", access: "guarded", operations: { GET: resultant } },
  ];
}
