// SPDX-License-Identifier: Apache-2.0
/** `sys/seal-backend-status`: how each seal is doing, as Vault answers it, and more of it to a token that may read it. */
import { explainUnsealFailure, type SealedStore, type SealHolding, type WrappedEntry } from "@sealwright/core";
import { type ApiRequest, type Endpoint, operation } from "../http/api.ts";
import type { Gate } from "../http/dispatcher.ts";
import { HttpError } from "../http/problem.ts";
import { plain } from "../http/respond.ts";
import type { ConfiguredSeal } from "../seals/configured-seals.ts";
import type { HealthReport } from "../seals/health/seal-health.ts";

/** What the status of seals needs. */
export interface SealBackendDeps {
  readonly store: SealedStore;
  readonly seals: { readonly all: readonly ConfiguredSeal[] };
  readonly gate: Gate;
}

/** A seal, as the storage knows it, as it is configured, or both. */
interface Backend {
  readonly name: string;
  readonly type: string;
  readonly holding: SealHolding | undefined;
  readonly configured: ConfiguredSeal | undefined;
}

async function backendsOf({ store, seals }: SealBackendDeps): Promise<Backend[]> {
  const holdings = await store.seals.holdings();
  const configured = seals.all.filter(({ seal, failure }) => seal !== undefined || failure !== undefined);
  const held = holdings.map((holding) => ({
    name: holding.name,
    type: holding.type,
    holding,
    configured: configured.find(({ block }) => block.name === holding.name),
  }));
  const others = configured.filter(({ block }) => !holdings.some(({ name }) => name === block.name));
  return [
    ...held,
    ...others.map((each) => ({ name: each.block.name, type: each.block.type, holding: undefined, configured: each })),
  ];
}

/** What anybody may see of it. */
function shown({ name, holding, configured }: Backend) {
  const byPeople = holding?.kind === "shares";
  const health = configured?.health.report;
  const since = health?.healthy === false ? health.since : undefined;
  return {
    name,
    healthy: byPeople || (health?.healthy ?? false),
    configured: byPeople || configured?.seal !== undefined,
    disabled: configured?.block.disabled ?? false,
    ...(since === undefined ? {} : { unhealthy_since: since.toISOString() }),
  };
}

function wrappedViews(entries: readonly WrappedEntry[]) {
  return entries.map(({ path, keyId }) => ({ path, key_id: keyId }));
}

/** Why it is not healthy, or else why it is not asked: one with another key than before may well answer its probes. */
function reasonOf(health: HealthReport | undefined, holding: SealHolding | undefined): object {
  if (health?.reason !== undefined) return { reason: health.reason, code: health.code ?? null };
  const idle = holding?.idleReason;
  if (idle === undefined) return {};
  const { reason, code } = explainUnsealFailure(idle);
  return { reason, code };
}

/** What a token sees of it besides. */
function detail({ type, holding, configured }: Backend): object {
  const health = configured?.health.report;
  return {
    type,
    kind: holding?.kind ?? "auto",
    priority: configured?.block.priority ?? null,
    // Anything else than `enabled` and `disabled` is about the storage: `new` is not in it, `absent` only there.
    use: holding?.state ?? "new",
    ...(holding?.numbers === undefined ? {} : { shares: holding.numbers.shares, threshold: holding.numbers.threshold }),
    ...(health === undefined ? {} : { state: health.state, last_good: health.lastGood?.toISOString() ?? null }),
    ...reasonOf(health, holding),
    first: holding?.first ?? false,
    up_to_date: holding?.upToDate ?? false,
    generation: holding?.generation ?? 0,
    wrapped: wrappedViews(holding?.wrapped ?? []),
    outstanding: (holding?.outstanding ?? []).map(({ path, generation }) => ({ path, generation })),
  };
}

/** A seal that is configured and was never added is to have nothing. */
function isFullyWrapped(holdings: readonly SealHolding[]): boolean {
  const held = holdings.filter(({ state }) => state !== "new");
  return held.length > 0 && held.every(({ upToDate, state }) => upToDate || state === "disabled");
}

async function mayReadDetail(gate: Gate, request: ApiRequest): Promise<boolean> {
  if (gate.sealed || request.token === undefined) return false;
  try {
    await gate.authorize(request, "guarded");
    return true;
  } catch (error) {
    // Anybody may ask: a token that is no good takes nothing away.
    if (error instanceof HttpError && error.status === 403) return false;
    throw error;
  }
}

/** `sys/seal-backend-status`. */
export function sealBackendStatusEndpoints(deps: SealBackendDeps): Endpoint[] {
  const read = operation("How each seal is doing; what it holds and misses, to a token", async ({ request }) => {
    const backends = await backendsOf(deps);
    const wanted = backends.filter(({ holding, configured }) => holding !== undefined || !configured?.block.disabled);
    const views = wanted.map(shown);
    const since = views.flatMap(({ unhealthy_since: at }) => at ?? []).sort()[0];
    const detailed = await mayReadDetail(deps.gate, request);
    return plain({
      healthy: views.every(({ healthy, disabled }) => healthy || disabled),
      ...(since === undefined ? {} : { unhealthy_since: since }),
      fully_wrapped: isFullyWrapped(wanted.flatMap(({ holding }) => holding ?? [])),
      backends: wanted.map((each, index) => ({ ...views[index], ...(detailed ? detail(each) : {}) })),
      ...(detailed ? { seal_wrapped: wrappedViews(await deps.store.seals.layer()) } : {}),
    });
  });
  return [{ path: "sys/seal-backend-status", access: "open", operations: { GET: read } }];
}
