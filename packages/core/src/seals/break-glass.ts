// SPDX-License-Identifier: Apache-2.0
/**
 * A seal of shares beside auto seals: officers' shares open the storage when every service is gone. Its key stands under
 * the barrier too, so that a new root key is wrapped for it without calling them.
 */
import { randomBytes } from "node:crypto";
import { KEY_BYTES, type ShareNumbers } from "@sealwright/seal";
import type { OpenStore } from "../authority.ts";
import { type Permission, presentQuorum } from "../authorization.ts";
import { CoreError } from "../errors.ts";
import type { Delivery } from "../rekey/request.ts";
import type { NewKey, RekeyTarget } from "../rekey/target.ts";
import { checkNumbers } from "../seal-config.ts";
import { splitKey } from "../split-key.ts";
import { checkWeakness, withMember } from "./add-seal.ts";
import { checkSealName, RECOVERY_KEYS } from "./attached-seal.ts";
import { changeSeals } from "./change-seals.ts";
import type { Risk } from "./risk.ts";
import { kekPath, withNumbers } from "./seal-record.ts";

/** A seal of shares that is to be. */
export interface BreakGlassRequest<Answer> {
  readonly name: string;
  readonly numbers: ShareNumbers;
  /** Whether one share alone may open the storage. */
  readonly weaker: Risk;
  /** Makes the answer of the new shares (lent), before anything is stored. */
  deliver(shares: readonly Uint8Array[]): Promise<Delivery<Answer>>;
}

/** Why a seal of so many shares is weak, if it is. */
export function weaknessOf({ shares }: ShareNumbers): string | undefined {
  return shares === 1 ? "one person alone holds its only share" : undefined;
}

/** Throws `INVALID_REQUEST` unless `name` may name a new seal of shares beside auto seals. */
export function checkNewShares(
  name: string,
  numbers: ShareNumbers,
  taken: (name: string) => boolean,
  sharesType: string,
): void {
  checkSealName(name);
  checkNumbers(numbers);
  if (name === sharesType || taken(name)) {
    throw new CoreError("INVALID_REQUEST", `a seal called ${name} is there already, or the name is kept for one`);
  }
}

async function checkRequest<Answer>(open: OpenStore, request: BreakGlassRequest<Answer>): Promise<ShareNumbers> {
  const { roster, plugin } = open;
  const { name, numbers, weaker } = request;
  const quorum = await presentQuorum(open);
  if (open.quorum === "unseal") {
    throw new CoreError(
      "INVALID_REQUEST",
      "people unseal this storage already: a seal of shares goes beside auto seals",
    );
  }
  const taken = (each: string): boolean => roster.member(each) !== undefined || roster.set.named(each) !== undefined;
  checkNewShares(name, numbers, taken, plugin.type);
  checkWeakness(name, weaknessOf(numbers), weaker);
  return quorum;
}

async function newShares({ plugin }: OpenStore, numbers: ShareNumbers): Promise<NewKey> {
  const key = randomBytes(KEY_BYTES);
  return { key, shares: await splitKey(plugin, key, numbers), numbers };
}

function wipe({ key, shares }: NewKey): void {
  key?.fill(0);
  for (const share of shares) share.fill(0);
}

async function add<Answer>(open: OpenStore, request: BreakGlassRequest<Answer>): Promise<Answer> {
  const { name, numbers } = request;
  const made = await newShares(open, numbers);
  const seal = open.plugin.open(made.key ?? new Uint8Array());
  try {
    const { answer, entries } = await request.deliver(made.shares);
    const record = withMember(open.roster.record, { name, type: open.plugin.type, kind: "shares", numbers });
    await changeSeals(open, {
      record,
      rootKey: { kind: "keep", needed: [name] },
      term: "keep",
      lostRecoveryKey: "refuse",
      shares: new Map([[name, seal]]),
      companions: {
        plain: [{ op: "put", path: kekPath(record, name), value: made.key ?? new Uint8Array() }],
        raw: entries,
      },
    });
    return answer;
  } finally {
    wipe(made);
    await seal.close();
  }
}

/** What a quorum allows that adds a seal of shares. For an `Authorization`. */
export function breakGlass<Answer>(request: BreakGlassRequest<Answer>): Permission<Answer> {
  return {
    numbers: (open) => checkRequest(open, request),
    carryOut: (open) => add(open, request),
  };
}

/**
 * Adds a seal of shares where nobody holds recovery shares, so that there is no quorum to ask: whether the caller may is
 * the caller's to know. Rejects with `INVALID_REQUEST` where somebody holds some.
 */
export async function establishBreakGlass<Answer>(
  open: OpenStore,
  request: BreakGlassRequest<Answer>,
): Promise<Answer> {
  const { shares } = await checkRequest(open, request);
  if (shares === 0) return add(open, request);
  throw new CoreError("INVALID_REQUEST", "there are recovery shares: their holders must allow a seal of shares");
}

/** New shares of the seal of shares called `name`: a new key of its own, and a new root key. For a `Rekey`. */
export function breakGlassTarget(name: string): RekeyTarget {
  return {
    name: "barrier",
    check({ roster, plugin }, numbers) {
      if (roster.member(name)?.kind !== "shares" || name === plugin.type || name === RECOVERY_KEYS) {
        throw new CoreError("INVALID_REQUEST", `this storage has no seal of shares called ${JSON.stringify(name)}`);
      }
      checkNumbers(numbers);
    },
    make: newShares,
    async commit(open, { key, numbers }, { entries, term, oneSealLeft }) {
      if (key === undefined) throw new RangeError("a seal of shares has a key");
      const seal = open.plugin.open(key);
      const record = withNumbers(open.roster.record, name, numbers);
      try {
        await changeSeals(open, {
          record,
          rootKey: { kind: "replace", oneSealLeft },
          term,
          lostRecoveryKey: "refuse",
          shares: new Map([[name, seal]]),
          companions: { plain: [{ op: "put", path: kekPath(record, name), value: key }], raw: entries },
        });
      } finally {
        await seal.close();
      }
    },
  };
}
