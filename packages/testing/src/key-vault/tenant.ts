// SPDX-License-Identifier: Apache-2.0
/** A tenant of the directory: its identities, and the tokens that they get. */
import { randomUUID } from "node:crypto";
import { type Identity, type KeyPermission, makeIdentity } from "./identities.ts";
import { TokenIssuer } from "./tokens.ts";

/** A tenant with its identities. */
export class Tenant {
  readonly id = randomUUID();
  readonly tokens = new TokenIssuer();
  /** The `iss` of its tokens. */
  readonly issuer = `https://sts.windows.net/${this.id}/`;
  readonly #identities = new Map<string, Identity>();

  /** Makes an identity; `certificate` is what it may sign its assertions with, as PEM. */
  add(permissions: readonly KeyPermission[], certificate?: string): Identity {
    const identity = makeIdentity(permissions, certificate);
    this.#identities.set(identity.clientId, identity);
    return identity;
  }

  find(clientId: string): Identity | undefined {
    return this.#identities.get(clientId);
  }

  /** A token of `identity` for the resource that `scope` or `resource` names, such as `https://vault.azure.net`. */
  tokenFor({ clientId }: Identity, resource: string): string {
    return this.tokens.issue(clientId, resource, this.issuer);
  }
}
