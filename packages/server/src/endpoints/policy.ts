// SPDX-License-Identifier: Apache-2.0
/** `sys/policies/acl`, and `sys/policy`, its older name. */
import * as z from "zod";
import { type ApiResponse, type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { int } from "../http/body.ts";
import { HttpError } from "../http/problem.ts";
import { dataResponse, mergedResponse, noContent } from "../http/respond.ts";
import { type PolicyEntry, type PolicyStore, ROOT } from "../policies/policy-store.ts";

const text = z.string({ error: "expected a text" }).default("");
const body = z.object({
  policy: text,
  /** The older name of `policy`. */
  rules: text,
  cas: int.optional(),
  cas_required: z.boolean({ error: "expected true or false" }).default(false),
  ttl: z.unknown().optional(),
  expiration: z.unknown().optional(),
});

type PolicyBody = z.output<typeof body>;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The policy's text, which may be given in base64. */
function rulesOf(fields: PolicyBody): string {
  const given = fields.policy || fields.rules;
  if (given === "") throw new HttpError(400, "'policy' parameter not supplied or empty");
  if (fields.ttl !== undefined || fields.expiration !== undefined) {
    throw new HttpError(400, "policies do not expire: leave ttl and expiration out");
  }
  return BASE64.test(given) ? Buffer.from(given, "base64").toString("utf8") : given;
}

function view(name: string, entry: PolicyEntry | undefined): object {
  return {
    allow_slashes_in_identity_templates: false,
    allow_wildcards_in_identity_templates: false,
    cas_required: entry?.casRequired ?? false,
    ...(entry === undefined ? {} : { modified: entry.modified }),
    name,
    version: entry?.version ?? 0,
  };
}

/** The endpoints. */
export function policyEndpoints(policies: PolicyStore): Endpoint[] {
  const read = async (given: string, show: (rules: string, shared: object) => ApiResponse): Promise<ApiResponse> => {
    const name = given.toLowerCase();
    const entry = await policies.get(name);
    if (entry === undefined && name !== ROOT) throw new HttpError(404);
    return show(entry?.text ?? "", view(name, entry));
  };
  const write = operationWith("Write a policy", body, async ({ rest, fields }) => {
    await policies.set(rest, rulesOf(fields), { expected: fields.cas, required: fields.cas_required });
    return noContent();
  });
  const remove = operation("Delete a policy", async ({ rest }) => {
    await policies.delete(rest);
    return noContent();
  });
  const readAcl = operation("Read a policy", ({ rest }) =>
    read(rest, (rules, shared) => dataResponse({ ...shared, policy: rules })),
  );
  const readLegacy = operation("Read a policy", ({ rest }) =>
    read(rest, (rules, shared) => mergedResponse({ ...shared, rules })),
  );
  const list = operation("The names of all policies", async () => dataResponse({ keys: await policies.list() }));
  const listLegacy = operation("The names of all policies", async () => {
    const keys = await policies.list();
    return mergedResponse({ keys, policies: keys });
  });
  const changes = { ...onWrite(write), DELETE: remove };
  return [
    { path: "sys/policies/acl", access: "guarded", operations: { LIST: list } },
    { path: "sys/policies/acl/*", access: "guarded", operations: { GET: readAcl, ...changes } },
    { path: "sys/policy", access: "guarded", operations: { GET: listLegacy, LIST: listLegacy } },
    { path: "sys/policy/*", access: "guarded", operations: { GET: readLegacy, ...changes } },
  ];
}
