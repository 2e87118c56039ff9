// SPDX-License-Identifier: Apache-2.0
/** Endpoints that answer without a token because shares are the leave, and that a listener may not serve. */
import type { ApiRequest, ApiResponse } from "./api.ts";
import { HttpError } from "./problem.ts";

type Dispatch = (request: ApiRequest) => Promise<ApiResponse>;

interface Family {
  /** The listener's key that turns it off. */
  readonly setting: "disable_unauthed_rekey_endpoints" | "disable_unauthed_generate_root_endpoints";
  /** For messages. */
  readonly shown: string;
  /** How its paths are refused: as OpenBao does. */
  refusal(path: string): HttpError | undefined;
}

const REKEY = /^sys\/rekey\/(init|update|verify)$/;
const REKEY_RECOVERY = /^sys\/rekey-recovery-key\/(init|update|verify)$/;
const GENERATE_ROOT = /^sys\/generate-root\/(attempt|update)$/;

const unsupported = (): HttpError => new HttpError(405, "unsupported operation");

/** The families of unauthenticated ceremonies. */
export const UNAUTHENTICATED_FAMILIES: readonly Family[] = [
  {
    setting: "disable_unauthed_rekey_endpoints",
    shown: "sys/rekey and sys/rekey-recovery-key",
    refusal(path) {
      if (REKEY.test(path)) return unsupported();
      return REKEY_RECOVERY.test(path) ? new HttpError(404, "unsupported path") : undefined;
    },
  },
  {
    setting: "disable_unauthed_generate_root_endpoints",
    shown: "sys/generate-root",
    refusal: (path) => (GENERATE_ROOT.test(path) ? unsupported() : undefined),
  },
];

/** A listener's settings about them. */
export type FamilySettings = Readonly<Record<Family["setting"], boolean>>;

/** `dispatch` for a listener with `settings`. */
export function withoutFamilies(dispatch: Dispatch, settings: FamilySettings): Dispatch {
  const off = UNAUTHENTICATED_FAMILIES.filter(({ setting }) => settings[setting]);
  if (off.length === 0) return dispatch;
  return async (request) => {
    for (const family of off) {
      const refusal = family.refusal(request.path);
      if (refusal !== undefined) throw refusal;
    }
    return dispatch(request);
  };
}

/** What a listener with `settings` serves without a token, for the log. */
export function openFamilies(settings: FamilySettings): { readonly shown: string; readonly setting: string }[] {
  return UNAUTHENTICATED_FAMILIES.filter(({ setting }) => !settings[setting]);
}
