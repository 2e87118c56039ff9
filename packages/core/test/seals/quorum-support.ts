// SPDX-License-Identifier: Apache-2.0
/** What a quorum allows in tests: a seal of shares called `officers`, new shares, anything. */
import {
  Authorization,
  breakGlass,
  type Permission,
  Rekey,
  type RekeyTarget,
  type Risk,
  type SealedStore,
  type StoreOptions,
} from "@sealwright/core";
import { rekeyed } from "../rekey/support.ts";
import { type Kms, openedOf, type Several, TWO_OF_THREE } from "./support.ts";

export type Shares = readonly Uint8Array[];

/** Adds the seal of shares called `officers`, and answers their shares. */
export function officers(numbers = TWO_OF_THREE, weaker: Risk = "refuse"): Permission<Shares> {
  return breakGlass({
    name: "officers",
    numbers,
    weaker,
    deliver: async (shares: Shares) => ({ answer: shares.map((share) => Uint8Array.from(share)), entries: [] }),
  });
}

/** What a quorum of `shares` allows. */
export async function allowed<Answer>(
  store: SealedStore,
  permission: Permission<Answer>,
  shares: Shares,
): Promise<Answer> {
  const authorization = new Authorization<Answer, null>(store, "test");
  const { nonce, required } = await authorization.start(null, permission);
  for (const share of shares.slice(0, required)) {
    const submission = await authorization.submit(nonce, share);
    if (submission.complete) return submission.answer;
  }
  throw new Error("the quorum was not there");
}

/** The new shares of a rekey that `shares` allow. */
export function withRekey(store: SealedStore, target: RekeyTarget, shares: Shares): Promise<Uint8Array[]> {
  return rekeyed(new Rekey<readonly string[], null>(store, target), shares);
}

/** An open store of `kms` and of officers. */
export async function withOfficers(
  kms: readonly Kms[],
  options: Partial<StoreOptions> = {},
): Promise<Several & { readonly shares: Shares; readonly officers: Shares }> {
  const it = await openedOf(kms, options);
  return { ...it, officers: await allowed(it.store, officers(), it.shares) };
}
