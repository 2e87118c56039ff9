// SPDX-License-Identifier: Apache-2.0
/** A share on its way from a request's text to a ceremony. */
import { StorageError } from "@sealwright/core";
import { isSealError } from "@sealwright/seal";
import { decodeShare } from "../endpoints/share-text.ts";
import { HttpError, toHttpError } from "../http/problem.ts";

const KEPT =
  "nothing was changed, and the shares submitted before this one are kept: submit this one again once the fault is gone";

/** What failed for another reason than the shares, said so that nobody collects them again. */
function explained(error: unknown): unknown {
  if (!isSealError(error) && !(error instanceof StorageError)) return error;
  const { status, message } = toHttpError(error);
  return new HttpError(status, `${message}; ${KEPT}`);
}

/** Lends the share in `text`, hex or base64, to `submit` and wipes it. Throws 400 for what is no share's text. */
export async function withShare<T>(text: string, submit: (share: Uint8Array) => Promise<T>): Promise<T> {
  const share = decodeShare(text);
  try {
    return await submit(share);
  } catch (error) {
    throw explained(error);
  } finally {
    share.fill(0);
  }
}
