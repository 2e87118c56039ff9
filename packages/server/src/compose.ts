// SPDX-License-Identifier: Apache-2.0
/** The composition root: the one place that knows which object gets which. Nothing else imports the container. */
import "reflect-metadata";
import { AutoUnsealer, type SealedStore } from "@sealwright/core";
import { container, type DependencyContainer, type InjectionToken, instanceCachingFactory } from "tsyringe";
import type { Audit } from "./audit/audit.ts";
import { auditedDispatch } from "./audit/audited-dispatch.ts";
import { identify } from "./audit/identify.ts";
import { Ceremonies } from "./ceremonies/ceremonies.ts";
import { InitAnswer } from "./ceremonies/init-answer.ts";
import { capabilitiesEndpoints } from "./endpoints/capabilities.ts";
import { ceremonyEndpoints } from "./endpoints/ceremonies.ts";
import { healthEndpoints } from "./endpoints/health.ts";
import { initEndpoints } from "./endpoints/init.ts";
import { metricsEndpoints } from "./endpoints/metrics.ts";
import { mountsEndpoints } from "./endpoints/mounts.ts";
import { openApiEndpoints } from "./endpoints/openapi.ts";
import { policyEndpoints } from "./endpoints/policy.ts";
import { remountEndpoints } from "./endpoints/remount.ts";
import { rotateEndpoints } from "./endpoints/rotate.ts";
import { sealEndpoints } from "./endpoints/seal.ts";
import { sealBackendStatusEndpoints } from "./endpoints/seal-backend-status.ts";
import { sealStatusEndpoints } from "./endpoints/seal-status.ts";
import { sealWrapEndpoints } from "./endpoints/seal-wrap.ts";
import { sealsEndpoints } from "./endpoints/seals.ts";
import { tokenEndpoints } from "./endpoints/token.ts";
import { type MountVisibility, uiMountsEndpoints } from "./endpoints/ui-mounts.ts";
import { unsealEndpoints } from "./endpoints/unseal.ts";
import type { ApiRequest, ApiResponse, Endpoint } from "./http/api.ts";
import { createDispatcher } from "./http/dispatcher.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import { MountChanges } from "./mounts/mount-changes.ts";
import { MountTable } from "./mounts/mount-table.ts";
import { MountRouter } from "./mounts/router.ts";
import { grantsWithin } from "./policies/mount-visibility.ts";
import { PolicyStore, ROOT } from "./policies/policy-store.ts";
import { firstEntries } from "./runtime/first-entries.ts";
import type { Log } from "./runtime/log.ts";
import { unsealFailureLog } from "./runtime/unseal-failure-log.ts";
import type { ReloadedSeals, ServerSeals } from "./seals/server-seals.ts";
import { Authorizer } from "./tokens/authorizer.ts";
import { Sweeper } from "./tokens/sweeper.ts";
import { TokenStore } from "./tokens/token-store.ts";
import type { LeaseLimits } from "./tokens/ttl.ts";

/** What is made outside, since making it may fail or wait. */
export interface Parts {
  readonly store: SealedStore;
  readonly seals: ServerSeals;
  /** Reads the configuration's seals anew; undefined where there is no file. */
  readonly reloadSeals: (() => Promise<ReloadedSeals>) | undefined;
  readonly log: Log;
  /** Whether a new storage's recovery keys shall open it. */
  readonly recoveryKeysUnseal: boolean;
  readonly leases: LeaseLimits;
  /** Milliseconds after which a ceremony without progress ends. */
  readonly ceremonyTimeout: number;
  readonly audit: Audit;
  readonly metrics: ServerMetrics;
}

/** From a request to its response. Rejects with what `toHttpError` knows. */
export type Dispatch = (request: ApiRequest) => Promise<ApiResponse>;

const STORE: InjectionToken<SealedStore> = Symbol("SealedStore");
const SEALS: InjectionToken<ServerSeals> = Symbol("ServerSeals");
const LOG: InjectionToken<Log> = Symbol("Log");
/** What keeps trying to open the store where seals do that. */
export const UNSEALER: InjectionToken<AutoUnsealer> = Symbol("AutoUnsealer");
/** Serves requests. */
export const DISPATCH: InjectionToken<Dispatch> = Symbol("Dispatch");
/** Deletes expired tokens. */
export const SWEEPER: InjectionToken<Sweeper> = Symbol("Sweeper");
/** The ceremonies that collect shares. */
export const CEREMONIES: InjectionToken<Ceremonies> = Symbol("Ceremonies");

const METRICS: InjectionToken<ServerMetrics> = Symbol("ServerMetrics");
const AUDIT: InjectionToken<Audit> = Symbol("Audit");
const INIT_ANSWER: InjectionToken<InitAnswer> = Symbol("InitAnswer");
const TOKENS: InjectionToken<TokenStore> = Symbol("TokenStore");
const POLICIES: InjectionToken<PolicyStore> = Symbol("PolicyStore");
const MOUNTS: InjectionToken<MountTable> = Symbol("MountTable");
const MOUNT_CHANGES: InjectionToken<MountChanges> = Symbol("MountChanges");
const MOUNT_ROUTER: InjectionToken<MountRouter> = Symbol("MountRouter");
const AUTHORIZER: InjectionToken<Authorizer> = Symbol("Authorizer");
const ENDPOINTS: InjectionToken<readonly Endpoint[]> = Symbol("Endpoint[]");

function unsealer(store: SealedStore, log: Log): AutoUnsealer {
  return new AutoUnsealer({
    store,
    onFailure: unsealFailureLog(log),
    onUnsealed: () => log.info("unsealed by the auto seal"),
  });
}

function endpoints(scope: DependencyContainer, parts: Parts): Endpoint[] {
  const { reloadSeals, recoveryKeysUnseal } = parts;
  const store = scope.resolve(STORE);
  const authorizer = scope.resolve(AUTHORIZER);
  const policies = scope.resolve(POLICIES);
  const tokens = scope.resolve(TOKENS);
  const access = { tokens, policies, authorizer };
  const table = scope.resolve(MOUNTS);
  const changes = scope.resolve(MOUNT_CHANGES);
  const status = {
    store,
    audit: scope.resolve(AUDIT),
    unsealer: scope.resolve(UNSEALER),
  };
  const mounts = { table, visibility: mountVisibility(tokens, policies), sealed: () => store.sealed };
  const served = [
    ...sealStatusEndpoints(status),
    ...sealBackendStatusEndpoints({ store, seals: scope.resolve(SEALS), gate: authorizer }),
    ...healthEndpoints(status),
    ...initEndpoints({
      store,
      answer: scope.resolve(INIT_ANSWER),
      recoveryKeysUnseal,
      firstEntries: () => firstEntries(new Date()),
      onInitialized: () => store.unseal(),
    }),
    ...unsealEndpoints(status),
    ...sealEndpoints(store, authorizer),
    ...rotateEndpoints(store),
    ...sealWrapEndpoints(store),
    ...sealsEndpoints({ store, log: scope.resolve(LOG), reload: reloadSeals }),
    ...metricsEndpoints(scope.resolve(METRICS).read),
    ...ceremonyEndpoints({
      store,
      ceremonies: scope.resolve(CEREMONIES),
      gate: authorizer,
      log: scope.resolve(LOG),
      newRootToken: () => tokens.newRootToken(),
    }),
    ...tokenEndpoints(access),
    ...policyEndpoints(policies),
    ...capabilitiesEndpoints(access),
    ...mountsEndpoints({ table, changes, store }),
    ...remountEndpoints(changes),
    ...uiMountsEndpoints(mounts),
  ];
  return [...served, ...openApiEndpoints({ ...mounts, endpoints: served })];
}

function mountVisibility(tokens: TokenStore, policies: PolicyStore): MountVisibility {
  return async ({ token }) => {
    const known = token === undefined ? undefined : await tokens.lookup(token);
    if (known === undefined) return () => false;
    if (known.entry.policies.includes(ROOT)) return () => true;
    const acl = await policies.acl(known.entry.policies);
    return (mountPath) => grantsWithin(acl, mountPath);
  };
}

/** Finishes at every unseal what was begun with mounts before. */
function mountChanges(store: SealedStore, table: MountTable, log: Log): MountChanges {
  const changes = new MountChanges(store, table);
  store.onUnsealed(() => {
    changes.resume().catch((error: unknown) => {
      if (!store.sealed) log.error("a mount's removal or upgrade was not finished", { error: String(error) });
    });
  });
  return changes;
}

/** A container of its own for one server: several may live in one process. */
export function compose(parts: Parts): DependencyContainer {
  const scope = container.createChildContainer();
  const once = <T>(token: InjectionToken<T>, make: (scope: DependencyContainer) => T): void => {
    scope.register(token, { useFactory: instanceCachingFactory(() => make(scope)) });
  };
  scope.register(STORE, { useValue: parts.store });
  scope.register(SEALS, { useValue: parts.seals });
  scope.register(LOG, { useValue: parts.log });
  scope.register(AUDIT, { useValue: parts.audit });
  scope.register(METRICS, { useValue: parts.metrics });
  once(UNSEALER, (c) => unsealer(c.resolve(STORE), c.resolve(LOG)));
  const now = () => new Date();
  once(TOKENS, (c) => {
    const onTokenCreated = (type: string): void => c.resolve(METRICS).tokenCreated(type);
    return new TokenStore({ store: c.resolve(STORE), limits: parts.leases, now, onTokenCreated });
  });
  once(POLICIES, (c) => new PolicyStore(c.resolve(STORE), now));
  once(SWEEPER, (c) => {
    const onFailure = (error: unknown) =>
      c.resolve(LOG).warn("expired tokens were not deleted", { error: String(error) });
    return new Sweeper({ store: c.resolve(STORE), tokens: c.resolve(TOKENS), onFailure });
  });
  once(INIT_ANSWER, (c) => new InitAnswer(c.resolve(STORE), c.resolve(LOG)));
  once(
    CEREMONIES,
    (c) => new Ceremonies({ store: c.resolve(STORE), log: c.resolve(LOG), idleTimeout: parts.ceremonyTimeout }),
  );
  once(MOUNTS, (c) => new MountTable(c.resolve(STORE)));
  once(MOUNT_CHANGES, (c) => mountChanges(c.resolve(STORE), c.resolve(MOUNTS), c.resolve(LOG)));
  once(MOUNT_ROUTER, (c) => new MountRouter(c.resolve(STORE), c.resolve(MOUNTS)));
  once(
    AUTHORIZER,
    (c) =>
      new Authorizer({
        store: c.resolve(STORE),
        tokens: c.resolve(TOKENS),
        policies: c.resolve(POLICIES),
        exists: (path) => c.resolve(MOUNT_ROUTER).exists(path),
      }),
  );
  once(ENDPOINTS, (c) => endpoints(c, parts));
  once(DISPATCH, (c) => {
    const router = c.resolve(MOUNT_ROUTER);
    const tokens = c.resolve(TOKENS);
    const gate = c.resolve(INIT_ANSWER).watching(c.resolve(AUTHORIZER));
    return auditedDispatch(
      createDispatcher(c.resolve(ENDPOINTS), gate, (request) => router.serve(request)),
      { audit: c.resolve(AUDIT), log: c.resolve(LOG), identify: (token) => identify(tokens, token) },
    );
  });
  return scope;
}
