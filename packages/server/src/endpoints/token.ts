// SPDX-License-Identifier: Apache-2.0
/** `auth/token/*`. */
import * as z from "zod";
import { type ApiResponse, type Call, type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { HttpError, permissionDenied } from "../http/problem.ts";
import { dataResponse, noContent } from "../http/respond.ts";
import type { PolicyStore } from "../policies/policy-store.ts";
import type { Authorizer } from "../tokens/authorizer.ts";
import type { KnownToken } from "../tokens/token.ts";
import { planToken, readDuration, tokenFields } from "../tokens/token-request.ts";
import type { TokenStore } from "../tokens/token-store.ts";
import { authView, lookupView } from "./token-view.ts";

/** What the token endpoints need. */
export interface TokenDeps {
  readonly tokens: TokenStore;
  readonly policies: PolicyStore;
  readonly authorizer: Authorizer;
}

const text = z.string({ error: "expected a text" }).default("");
const increment = z
  .union([z.string(), z.number()], { error: "expected a duration such as 1h, or a number of seconds" })
  .default("");
const tokenBody = z.object({ token: text });
const accessorBody = z.object({ accessor: text });
const renewSelfBody = z.object({ increment });
const renewBody = z.object({ token: text, increment });
const renewAccessorBody = z.object({ accessor: text, increment });

function required(value: string, sentence: string): string {
  if (value === "") throw new HttpError(400, sentence);
  return value;
}

function createEndpoints({ tokens, policies, authorizer }: TokenDeps): Endpoint[] {
  const create = async (
    { request, fields }: Call<typeof tokenFields>,
    kind: "child" | "orphan",
  ): Promise<ApiResponse> => {
    const maker = await tokens.lookup(request.token ?? "");
    if (maker === undefined) throw permissionDenied();
    const sudo = await authorizer.hasSudo(maker.entry, request.path);
    const { path } = request;
    const orphan = kind === "orphan";
    const plan = planToken(fields, { token: maker, sudo, path, orphan }, tokens.limits, tokens.now);
    const { token, entry } = await tokens.create(plan);
    const warnings = [...plan.warnings];
    for (const name of entry.policies) {
      if (!(await policies.exists(name))) warnings.push(`Policy ${JSON.stringify(name)} does not exist`);
    }
    return dataResponse(null, { warnings, auth: authView(entry, token, entry.ttl) });
  };
  const child = operationWith("Make a token", tokenFields, (call) => create(call, "child"));
  const orphan = operationWith("Make a token without a parent", tokenFields, (call) => create(call, "orphan"));
  return [
    { path: "auth/token/create", access: "guarded", operations: onWrite(child) },
    { path: "auth/token/create-orphan", access: "sudo", operations: onWrite(orphan) },
  ];
}

function lookupEndpoints({ tokens }: TokenDeps): Endpoint[] {
  const show = async (given: string): Promise<ApiResponse> => {
    const known = await tokens.lookup(given);
    if (known === undefined) throw new HttpError(403, "bad token");
    return dataResponse(lookupView(known.entry, given, tokens.now));
  };
  const self = operation("The properties of one's own token", ({ request }) => show(request.token ?? ""));
  const read = operation("The properties of one's own token", ({ request }) => {
    if (!request.query.has("token")) return show(request.token ?? "");
    throw new HttpError(400, "a token does not belong into a URL: send it in the body of a POST");
  });
  const post = operationWith("The properties of a token", tokenBody, ({ request, fields }) =>
    show(fields.token || (request.token ?? "")),
  );
  const byAccessor = operationWith("The properties of a token by its accessor", accessorBody, async ({ fields }) => {
    const known = await tokens.lookupAccessor(required(fields.accessor, "missing accessor"));
    if (known === undefined) throw new HttpError(400, "invalid accessor");
    return dataResponse(lookupView(known.entry, "", tokens.now));
  });
  const accessors = operation("The accessors of all tokens", async () =>
    dataResponse({ keys: await tokens.accessors() }),
  );
  return [
    { path: "auth/token/lookup-self", access: "guarded", operations: { GET: self, ...onWrite(self) } },
    { path: "auth/token/lookup", access: "guarded", operations: { GET: read, ...onWrite(post) } },
    { path: "auth/token/lookup-accessor", access: "guarded", operations: onWrite(byAccessor) },
    { path: "auth/token/accessors", access: "sudo", operations: { LIST: accessors } },
  ];
}

function renewEndpoints({ tokens }: TokenDeps): Endpoint[] {
  const renew = async (known: KnownToken | undefined, shown: string, asked: string | number, absent: string) => {
    if (known === undefined) throw new HttpError(400, absent);
    const { entry, warnings } = await tokens.renew(known, readDuration(asked, "increment"));
    const ttl = (entry.expires ?? tokens.now) - (entry.renewed ?? tokens.now);
    return dataResponse(null, { warnings, auth: authView(entry, shown, ttl) });
  };
  const self = operationWith("Let one's own token live on", renewSelfBody, async ({ request, fields }) => {
    const own = request.token ?? "";
    return renew(await tokens.lookup(own), own, fields.increment, "token not found");
  });
  const other = operationWith("Let a token live on", renewBody, async ({ fields }) => {
    const known = await tokens.lookup(required(fields.token, "missing token ID"));
    return renew(known, fields.token, fields.increment, "token not found");
  });
  const byAccessor = operationWith("Let a token live on, by its accessor", renewAccessorBody, async ({ fields }) => {
    const known = await tokens.lookupAccessor(required(fields.accessor, "missing accessor"));
    return renew(known, "", fields.increment, "invalid accessor");
  });
  return [
    { path: "auth/token/renew-self", access: "guarded", operations: onWrite(self) },
    { path: "auth/token/renew", access: "guarded", operations: onWrite(other) },
    { path: "auth/token/renew-accessor", access: "guarded", operations: onWrite(byAccessor) },
  ];
}

function revokeEndpoints({ tokens }: TokenDeps): Endpoint[] {
  const revoke = async (given: string): Promise<ApiResponse> => {
    const known = await tokens.lookup(given);
    if (known !== undefined) await tokens.revoke(known);
    return noContent();
  };
  const self = operation("Revoke one's own token and its children", ({ request }) => revoke(request.token ?? ""));
  const other = operationWith("Revoke a token and its children", tokenBody, ({ fields }) =>
    revoke(required(fields.token, "missing token ID")),
  );
  const byAccessor = operationWith("Revoke a token and its children, by its accessor", accessorBody, async (call) => {
    const known = await tokens.lookupAccessor(required(call.fields.accessor, "missing accessor"));
    if (known === undefined) return dataResponse(null, { warnings: ["No token found with this accessor"] });
    await tokens.revoke(known);
    return noContent();
  });
  const orphaning = operationWith("Revoke a token and leave its children", tokenBody, async ({ fields }) => {
    const known = await tokens.lookup(required(fields.token, "missing token ID"));
    if (known === undefined) throw new HttpError(400, "token to revoke not found");
    await tokens.revokeOrphan(known);
    return noContent();
  });
  return [
    { path: "auth/token/revoke-self", access: "guarded", operations: onWrite(self) },
    { path: "auth/token/revoke", access: "guarded", operations: onWrite(other) },
    { path: "auth/token/revoke-accessor", access: "guarded", operations: onWrite(byAccessor) },
    { path: "auth/token/revoke-orphan", access: "sudo", operations: onWrite(orphaning) },
  ];
}

/** The token endpoints. */
export function tokenEndpoints(deps: TokenDeps): Endpoint[] {
  return [...createEndpoints(deps), ...lookupEndpoints(deps), ...renewEndpoints(deps), ...revokeEndpoints(deps)];
}
