// SPDX-License-Identifier: Apache-2.0
/** The composition root: the one place that knows which object gets which. Nothing else imports the container. */
import "reflect-metadata";
import { AutoUnsealer, type SealedStore } from "@sealwright/core";
import { container, type DependencyContainer, type InjectionToken, instanceCachingFactory } from "tsyringe";
import { healthEndpoints } from "./endpoints/health.ts";
import { initEndpoints } from "./endpoints/init.ts";
import { rotateEndpoints } from "./endpoints/rotate.ts";
import { sealEndpoints } from "./endpoints/seal.ts";
import { sealStatusEndpoints } from "./endpoints/seal-status.ts";
import { unsealEndpoints } from "./endpoints/unseal.ts";
import type { ApiRequest, ApiResponse, Endpoint } from "./http/api.ts";
import { createDispatcher } from "./http/dispatcher.ts";
import { firstMounts, MountTable } from "./mounts/mount-table.ts";
import { mountRouter } from "./mounts/router.ts";
import type { Log } from "./runtime/log.ts";
import { Authorizer } from "./tokens/authorizer.ts";
import { firstRootToken, TokenStore } from "./tokens/token-store.ts";

/** What is made outside, since making it may fail or wait. */
export interface Parts {
  readonly store: SealedStore;
  readonly log: Log;
}

export type Dispatch = (request: ApiRequest) => Promise<ApiResponse>;

export const STORE: InjectionToken<SealedStore> = Symbol("SealedStore");
export const LOG: InjectionToken<Log> = Symbol("Log");
export const UNSEALER: InjectionToken<AutoUnsealer> = Symbol("AutoUnsealer");
export const DISPATCH: InjectionToken<Dispatch> = Symbol("Dispatch");

const TOKENS: InjectionToken<TokenStore> = Symbol("TokenStore");
const MOUNTS: InjectionToken<MountTable> = Symbol("MountTable");
const AUTHORIZER: InjectionToken<Authorizer> = Symbol("Authorizer");
const ENDPOINTS: InjectionToken<readonly Endpoint[]> = Symbol("Endpoint[]");

function unsealer(store: SealedStore, log: Log): AutoUnsealer {
  return new AutoUnsealer({
    store,
    onFailure: ({ reason, code, nextTry }) => {
      log.warn(`still sealed: ${reason}`, { code, next_try: nextTry.toISOString() });
    },
    onUnsealed: () => log.info("unsealed by the auto seal"),
  });
}

function endpoints(scope: DependencyContainer): Endpoint[] {
  const store = scope.resolve(STORE);
  const authorizer = scope.resolve(AUTHORIZER);
  const status = { store, ...(store.autoSealed ? { unsealer: scope.resolve(UNSEALER) } : {}) };
  const firstEntries = () => {
    const { token, changes } = firstRootToken(new Date());
    return { rootToken: token, changes: [...changes, ...firstMounts()] };
  };
  return [
    ...sealStatusEndpoints(status),
    ...healthEndpoints(status),
    ...initEndpoints({ store, firstEntries, onInitialized: () => store.unseal() }),
    ...unsealEndpoints(status),
    ...sealEndpoints(store, authorizer),
    ...rotateEndpoints(store),
  ];
}

/** A container of its own for one server: several may live in one process. */
export function compose(parts: Parts): DependencyContainer {
  const scope = container.createChildContainer();
  const once = <T>(token: InjectionToken<T>, make: (scope: DependencyContainer) => T): void => {
    scope.register(token, { useFactory: instanceCachingFactory(() => make(scope)) });
  };
  scope.register(STORE, { useValue: parts.store });
  scope.register(LOG, { useValue: parts.log });
  once(UNSEALER, (c) => unsealer(c.resolve(STORE), c.resolve(LOG)));
  once(TOKENS, (c) => new TokenStore(c.resolve(STORE)));
  once(MOUNTS, (c) => new MountTable(c.resolve(STORE)));
  once(AUTHORIZER, (c) => new Authorizer(c.resolve(STORE), c.resolve(TOKENS)));
  once(ENDPOINTS, endpoints);
  once(DISPATCH, (c) =>
    createDispatcher(c.resolve(ENDPOINTS), c.resolve(AUTHORIZER), mountRouter(c.resolve(STORE), c.resolve(MOUNTS))),
  );
  return scope;
}
