// SPDX-License-Identifier: Apache-2.0
/** Lets through what a request's token allows. The policy `root` allows everything. */
import { parseExact, type SealedStore } from "@sealwright/core";
import type { ApiRequest, Method } from "../http/api.ts";
import { parseObject } from "../http/body.ts";
import { type Gate, isOwnPath } from "../http/dispatcher.ts";
import { permissionDenied, routerError } from "../http/problem.ts";
import type { Acl } from "../policies/acl.ts";
import { type Capability, includes } from "../policies/capability.ts";
import { permits, restricts } from "../policies/parameters.ts";
import type { PathRule } from "../policies/parse-policy.ts";
import { type PolicyStore, ROOT } from "../policies/policy-store.ts";
import type { TokenEntry } from "./token.ts";
import type { TokenStore } from "./token-store.ts";

/** Whether something stands at a path of a mount: writing there is `update`, else `create`. */
export type ExistenceCheck = (path: string) => Promise<boolean>;

/** What deciding about requests needs. */
export interface AuthorizerDeps {
  readonly store: SealedStore;
  readonly tokens: TokenStore;
  readonly policies: PolicyStore;
  readonly exists: ExistenceCheck;
}

const BY_METHOD: Readonly<Partial<Record<Method, Capability>>> = {
  GET: "read",
  LIST: "list",
  PATCH: "patch",
  DELETE: "delete",
};

function denied(): never {
  throw routerError(403, "permission denied");
}

/** The fields that parameter rules are about: of the body, or of the query where nothing is written. */
function fieldsOf({ method, query, text }: ApiRequest): Record<string, unknown> {
  if (method === "GET") return Object.fromEntries(query);
  parseObject(text);
  return text.trim() === "" ? {} : (parseExact(text) as Record<string, unknown>);
}

/** The gate of the server: tokens, and what their policies allow. */
export class Authorizer implements Gate {
  readonly #deps: AuthorizerDeps;

  constructor(deps: AuthorizerDeps) {
    this.#deps = deps;
  }

  get sealed(): boolean {
    return this.#deps.store.sealed;
  }

  async authorize(request: ApiRequest, access: "guarded" | "sudo", capability?: "update"): Promise<void> {
    const known = request.token === undefined ? undefined : await this.#deps.tokens.use(request.token);
    if (known === undefined) throw permissionDenied();
    if (known.entry.policies.includes(ROOT)) return;
    const rule = ruleFor(request, await this.#deps.policies.acl(known.entry.policies));
    if (rule === undefined || (access === "sudo" && !includes(rule.capabilities, "sudo"))) return denied();
    if (!includes(rule.capabilities, capability ?? (await this.#capabilityFor(request, rule)))) denied();
    if (request.method === "LIST" || request.method === "DELETE" || !restricts(rule.parameters)) return;
    if (!permits(rule.parameters, fieldsOf(request))) denied();
  }

  /** Whether a token's policies grant `sudo` on `path`. */
  async hasSudo({ policies }: TokenEntry, path: string): Promise<boolean> {
    return policies.includes(ROOT) || (await this.#deps.policies.acl(policies)).hasSudo(path);
  }

  /** What a token may do on `path`, as `sys/capabilities` shows it. */
  async capabilities({ policies }: TokenEntry, path: string): Promise<string[]> {
    return policies.includes(ROOT) ? [ROOT] : (await this.#deps.policies.acl(policies)).capabilities(path);
  }

  /** `create` or `update` for a write; asked of the mount only where the answer makes a difference. */
  async #capabilityFor({ method, path }: ApiRequest, { capabilities }: PathRule): Promise<Capability> {
    const fixed = BY_METHOD[method];
    if (fixed !== undefined) return fixed;
    if (isOwnPath(path) || includes(capabilities, "create") === includes(capabilities, "update")) return "update";
    return (await this.#deps.exists(path)) ? "update" : "create";
  }
}

function ruleFor({ method, path }: ApiRequest, acl: Acl): PathRule | undefined {
  if (method !== "LIST") return acl.rule(path);
  return acl.listRule(path.endsWith("/") ? path : `${path}/`);
}
