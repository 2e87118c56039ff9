// SPDX-License-Identifier: Apache-2.0
import type { InitShares, PlainChange, SealedStore } from "@sealwright/core";
import { CoreError } from "@sealwright/core";
import type { ShareNumbers } from "@sealwright/seal";
import { z } from "zod";
import { type Endpoint, onWrite, operation, operationWith } from "../http/api.ts";
import { int } from "../http/body.ts";
import { HttpError } from "../http/problem.ts";
import { plain } from "../http/respond.ts";

const body = z.object({
  secret_shares: int.optional(),
  secret_threshold: int.optional(),
  recovery_shares: int.optional(),
  recovery_threshold: int.optional(),
  stored_shares: int.optional(),
});

type InitBody = z.output<typeof body>;

/** What initialising does besides: the first token and the tables, in the same batch. */
export interface FirstEntries {
  readonly rootToken: string;
  readonly changes: readonly PlainChange[];
}

/** What init needs. */
export interface InitDeps {
  readonly store: SealedStore;
  readonly firstEntries: () => FirstEntries;
  /** Called after a successful init of an auto-sealed store: opens it. */
  readonly onInitialized: () => Promise<void>;
}

/** The parameters that do not go with this kind of seal and were given all the same. Zero counts as not given. */
function refuseOthers(fields: InitBody, names: readonly (keyof InitBody)[], type: string): void {
  const given = names.filter((name) => fields[name] !== undefined && fields[name] !== 0);
  if (given.length === 0) return;
  throw new HttpError(400, `parameters ${given.join(",")} not applicable to seal type ${type}`);
}

function numbers(shares = 0, threshold = 0): ShareNumbers {
  return { shares, threshold };
}

function requestFor(fields: InitBody, autoSealed: boolean, type: string) {
  if (!autoSealed) {
    refuseOthers(fields, ["recovery_shares", "recovery_threshold"], type);
    return { unseal: numbers(fields.secret_shares, fields.secret_threshold) };
  }
  refuseOthers(fields, ["secret_shares", "secret_threshold"], type);
  const recovery = numbers(fields.recovery_shares, fields.recovery_threshold);
  return recovery.shares === 0 && recovery.threshold === 0 ? {} : { recovery };
}

function texts(shares: readonly Uint8Array[], encoding: "hex" | "base64"): string[] {
  return shares.map((share) => Buffer.from(share).toString(encoding));
}

function answer(shares: InitShares, rootToken: string) {
  const recovery =
    shares.recovery.length === 0
      ? {}
      : { recovery_keys: texts(shares.recovery, "hex"), recovery_keys_base64: texts(shares.recovery, "base64") };
  return {
    keys: texts(shares.unseal, "hex"),
    keys_base64: texts(shares.unseal, "base64"),
    ...recovery,
    root_token: rootToken,
  };
}

/** `sys/init`. */
export function initEndpoints({ store, firstEntries, onInitialized }: InitDeps): Endpoint[] {
  const initialize = async (fields: InitBody, signal: AbortSignal) => {
    const status = await store.status();
    if (status.initialized) throw new CoreError("ALREADY_INITIALIZED", "Vault is already initialized");
    const first = firstEntries();
    const request = requestFor(fields, store.autoSealed, status.type);
    try {
      const shares = await store.initialize({ ...request, signal, beforeCommit: async () => first.changes });
      const response = plain(answer(shares, first.rootToken));
      for (const share of [...shares.unseal, ...shares.recovery]) share.fill(0);
      return response;
    } catch (error) {
      if (!(error instanceof CoreError) || error.code !== "INVALID_REQUEST") throw error;
      const which = store.autoSealed ? "recovery" : "seal";
      throw new HttpError(400, `invalid ${which} configuration: ${error.message}`);
    }
  };
  const read = operation("Whether the storage is initialised", async () =>
    plain({ initialized: (await store.status()).initialized }),
  );
  const write = operationWith("Initialise an empty storage", body, async ({ request, fields }) => {
    const response = await initialize(fields, request.signal);
    if (store.autoSealed) await onInitialized();
    return response;
  });
  return [{ path: "sys/init", access: "open", operations: { GET: read, ...onWrite(write) } }];
}
