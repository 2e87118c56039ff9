// SPDX-License-Identifier: Apache-2.0
import type { SealedStore } from "@sealwright/core";
import type { ApiRequest } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { permissionDenied, routerError } from "../http/problem.ts";
import type { TokenStore } from "./token-store.ts";

/** Lets through what a request's token allows. The policy `root` allows everything. */
export class Authorizer implements Gate {
  readonly #store: SealedStore;
  readonly #tokens: TokenStore;

  constructor(store: SealedStore, tokens: TokenStore) {
    this.#store = store;
    this.#tokens = tokens;
  }

  get sealed(): boolean {
    return this.#store.sealed;
  }

  async authorize(request: ApiRequest, _sudo: boolean): Promise<void> {
    const entry = request.token === undefined ? undefined : await this.#tokens.lookup(request.token);
    if (entry === undefined) throw permissionDenied();
    if (!entry.policies.includes("root")) throw routerError(403, "permission denied");
  }
}
