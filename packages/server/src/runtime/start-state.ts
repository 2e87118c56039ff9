// SPDX-License-Identifier: Apache-2.0
/** What a server that does not serve yet is waiting for, in a word and in a sentence. */
import {
  type AutoUnsealer,
  explainUnsealFailure,
  type SealedStore,
  type SealHolding,
  type StoreStatus,
  type UnsealFailure,
} from "@sealwright/core";
import { StartupError } from "./startup-error.ts";

/** The state of a server, and the sentence that tells it. */
export interface StartState {
  readonly state:
    | "not initialised"
    | "unsealed"
    | "damaged"
    | "waiting for shares"
    | "waiting for a migration"
    | "waiting for a seal"
    | "wrong key";
  readonly reason: string;
}

/** What the state is read off. */
export interface StateSources {
  readonly store: Pick<SealedStore, "status" | "autoSealed" | "seals">;
  readonly unsealer?: Pick<AutoUnsealer, "failure">;
}

function isAttached({ state }: SealHolding): boolean {
  return state === "enabled" || state === "disabled";
}

/** The storage's auto seals. */
function members(holdings: readonly SealHolding[]): readonly SealHolding[] {
  return holdings.filter(({ kind, state }) => kind === "auto" && state !== "new");
}

function progress({ progress, numbers }: Pick<StoreStatus, "progress" | "numbers">): string {
  return `${progress} of ${numbers.threshold} given`;
}

function failing({ reason, since, nextTry }: UnsealFailure): string {
  const next = nextTry === undefined ? "" : `, next try ${nextTry.toISOString()}`;
  return `${reason} (since ${since.toISOString()}${next})`;
}

/** What people can do meanwhile, where a seal of shares opens the storage as well. */
function orShares({ besides }: StoreStatus): string {
  return besides.map((each) => `; or for shares of the seal "${each.name}" (${progress(each)})`).join("");
}

function waitingForSeal(
  holdings: readonly SealHolding[],
  status: StoreStatus,
  failure: UnsealFailure | undefined,
): StartState {
  const names = members(holdings).filter(isAttached);
  const called = names.map(({ name }) => `"${name}"`).join(" or ");
  const what = `sealed: waiting for the seal${names.length > 1 ? "s" : ""} ${called}`;
  if (failure?.code === "WRONG_SEAL") return { state: "wrong key", reason: `sealed: ${failing(failure)}` };
  const why = failure === undefined ? "" : `: ${failing(failure)}`;
  return { state: "waiting for a seal", reason: `${what}${why}${orShares(status)}` };
}

/** What the server is waiting for now. */
export async function startState({ store, unsealer }: StateSources): Promise<StartState> {
  const status = await store.status();
  if (!status.sealed) return { state: "unsealed", reason: "unsealed" };
  if (status.damage !== undefined) {
    return { state: "damaged", reason: `sealed: ${explainUnsealFailure(status.damage).reason}` };
  }
  if (!status.initialized) return { state: "not initialised", reason: "not initialised: run sealwright operator init" };
  const holdings = await store.seals.holdings();
  const attached = members(holdings).filter(isAttached);
  if (attached.some(({ state }) => state === "enabled")) {
    return waitingForSeal(holdings, status, unsealer?.failure);
  }
  const kind = status.recoveryType === undefined ? "unseal" : "recovery";
  if (attached.length > 0 || (kind === "unseal" && store.autoSealed)) {
    const reason = `sealed: waiting for ${kind} key shares with -migrate (${progress(status)})`;
    return { state: "waiting for a migration", reason };
  }
  return { state: "waiting for shares", reason: `sealed: waiting for ${kind} key shares (${progress(status)})` };
}

/**
 * Throws `StartupError` where nothing that is configured could ever open the storage. `failed` are the names of seals that
 * are configured and could not be opened.
 */
export async function requireFitting(
  store: Pick<SealedStore, "seals" | "status">,
  failed: readonly string[],
): Promise<void> {
  const { seals } = store;
  const { initialized, damage, type } = await store.status();
  if (!initialized || damage !== undefined) return;
  const known = members(await seals.holdings());
  if (known.length === 0 || known.some((each) => isAttached(each) || failed.includes(each.name))) return;
  const configured = seals.attached.length === 0 ? ["shamir"] : seals.attached.map((each) => each.seal.type);
  const names = known.map((each) => `"${each.name}" (${each.type})`).join(", ");
  throw new StartupError(
    `this storage was initialised with a ${type} seal, and the configuration has ` +
      `a ${configured.join(" and a ")} seal: configure the seal ${names}, with disabled = "true" if another one is to ` +
      "replace it, or another storage",
  );
}
