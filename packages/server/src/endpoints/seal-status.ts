// SPDX-License-Identifier: Apache-2.0
import {
  type AutoUnsealer,
  explainUnsealFailure,
  type SealedStore,
  type StoreStatus,
  type UnsealFailure,
} from "@sealwright/core";
import { type Endpoint, operation } from "../http/api.ts";
import { plain } from "../http/respond.ts";
import { startState } from "../runtime/start-state.ts";
import { BUILD_DATE, VERSION } from "../version.ts";

/** What the status endpoints need. */
export interface StatusDeps {
  readonly store: SealedStore;
  readonly unsealer: Pick<AutoUnsealer, "failure">;
  /** What was found wrong with the audit file, if anything was. */
  readonly audit: { readonly finding: string | undefined };
}

/** Why a server that has data is sealed: what the last attempt failed with, or else what is wrong with the storage. */
export function whySealed(
  { sealed, initialized, damage }: StoreStatus,
  unsealer: Pick<AutoUnsealer, "failure">,
): (Omit<UnsealFailure, "since"> & Partial<UnsealFailure>) | undefined {
  if (!sealed || !initialized) return undefined;
  return unsealer.failure ?? (damage === undefined ? undefined : explainUnsealFailure(damage));
}

/** How far people are with each seal of shares beside others, while the server is sealed. */
function shareSeals({ sealed, besides }: StoreStatus): object {
  if (!sealed || besides.length === 0) return {};
  const views = besides.map(({ name, numbers: { shares: n, threshold: t }, progress, nonce }) => {
    return { name, t, n, progress, nonce };
  });
  return { share_seals: views };
}

/** The body of `sys/seal-status`, which `sys/unseal` answers too. Ours beside Vault's: why the server is still sealed. */
export async function sealStatus({ store, unsealer, audit }: StatusDeps): Promise<Record<string, unknown>> {
  const status = await store.status();
  const failure = whySealed(status, unsealer);
  const { state, reason } = await startState({ store, unsealer });
  return {
    type: status.type,
    initialized: status.initialized,
    sealed: status.sealed,
    t: status.numbers.threshold,
    n: status.numbers.shares,
    progress: status.progress,
    nonce: status.nonce,
    recovery_seal: status.recoveryType !== undefined,
    ...(status.recoveryType === undefined ? {} : { recovery_seal_type: status.recoveryType }),
    version: VERSION,
    commit_date: BUILD_DATE,
    migration: state === "waiting for a migration",
    ...(status.cluster === undefined ? {} : { cluster_name: status.cluster.name, cluster_id: status.cluster.id }),
    storage_type: status.storageType,
    ...(status.foreign ? { foreign_storage: true } : {}),
    ...(status.sealConfigsAltered ? { seal_config_altered: true } : {}),
    ...(audit.finding === undefined ? {} : { audit_finding: audit.finding }),
    ...shareSeals(status),
    ...(state === "unsealed" ? {} : { state, state_reason: reason }),
    ...(failure === undefined
      ? {}
      : {
          unseal_error: failure.reason,
          unseal_error_code: failure.code,
          ...(failure.since === undefined ? {} : { unseal_failing_since: failure.since.toISOString() }),
          ...(failure.nextTry === undefined ? {} : { unseal_next_try: failure.nextTry.toISOString() }),
        }),
  };
}

/** `sys/seal-status`. */
export function sealStatusEndpoints(deps: StatusDeps): Endpoint[] {
  const read = operation("Whether the server is sealed, and how far unsealing is", async () =>
    plain(await sealStatus(deps)),
  );
  return [{ path: "sys/seal-status", access: "open", operations: { GET: read } }];
}
