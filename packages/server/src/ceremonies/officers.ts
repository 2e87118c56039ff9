// SPDX-License-Identifier: Apache-2.0
/** Officers' shares beside auto seals: what is asked for, and how it is handed out. */
import { type BreakGlassRequest, CoreError, checkNumbers, type Delivery, type Risk } from "@sealwright/core";
import type { ShareNumbers } from "@sealwright/seal";
import { HttpError } from "../http/problem.ts";
import { type DeliveredShares, deliverShares } from "./delivery.ts";
import type { StartedBy } from "./details.ts";
import { recipientsFor } from "./rekey-request.ts";

/** What a status tells of officers' shares that are to be. */
export interface OfficersDetails extends StartedBy {
  readonly name: string;
  readonly numbers: ShareNumbers;
  /** In the order of the shares, lower-case hex; null without PGP. */
  readonly fingerprints: readonly string[] | null;
}

/** The new shares, for whoever gives the last present one. */
export interface OfficersAnswer extends DeliveredShares {
  /** Of their seal. */
  readonly name: string;
  readonly fingerprints: readonly string[] | null;
}

/** What a client asks for. */
export interface OfficersOrder extends Omit<OfficersDetails, "fingerprints"> {
  readonly pgpKeys: readonly string[];
  readonly weaker: Risk;
}

/** What is told of `order`, and what the core carries out. Throws 400 for numbers and PGP keys that will not do. */
export async function officersRequest({ pgpKeys, weaker, ...order }: OfficersOrder): Promise<{
  details: OfficersDetails;
  request: BreakGlassRequest<OfficersAnswer>;
}> {
  const { name, numbers } = order;
  try {
    checkNumbers(numbers);
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new HttpError(400, `invalid seal configuration: ${error.message}`);
  }
  const recipients = await recipientsFor(pgpKeys, numbers.shares, "seal");
  const fingerprints = recipients?.map(({ fingerprint }) => fingerprint) ?? null;
  const deliver = async (shares: readonly Uint8Array[]): Promise<Delivery<OfficersAnswer>> => ({
    answer: { name, ...(await deliverShares(shares, recipients)), fingerprints },
    entries: [],
  });
  return { details: { ...order, fingerprints }, request: { name, numbers, weaker, deliver } };
}
