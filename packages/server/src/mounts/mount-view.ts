// SPDX-License-Identifier: Apache-2.0
/** Mounts as Vault's clients expect to see them. */
import { VERSION } from "../version.ts";
import type { Mount } from "./mount.ts";

const BUILT_IN = {
  plugin_version: "",
  running_plugin_version: `v${VERSION}+builtin`,
  running_sha256: "",
};

/** One row of `sys/mounts`. */
export function mountView({ path: _path, upgrading: _upgrading, placeholder: _placeholder, ...mount }: Mount): object {
  return { ...mount, deprecation_status: "supported", ...BUILT_IN };
}

const NO_CONFIG = { default_lease_ttl: 0, force_no_cache: false, max_lease_ttl: 0 };

/**
 * The one row of `sys/mounts` beside the mounts that users make. There is no `cubbyhole/` and no `identity/`, since this
 * server has neither, and clients would take a row for a promise. The identifiers are the same in every store.
 */
export const SYSTEM_ROW: object = {
  accessor: "system_00000000",
  config: { ...NO_CONFIG, passthrough_request_headers: ["Accept"] },
  description: "system endpoints used for control, policy and debugging",
  external_entropy_access: false,
  local: false,
  options: null,
  ...BUILT_IN,
  seal_wrap: true,
  type: "system",
  uuid: "00000000-0000-0000-0000-000000000001",
};

/** The row of the token store, in which all tokens are made. */
export const TOKEN_ROW: object = {
  accessor: "auth_token_00000000",
  config: { ...NO_CONFIG, token_type: "default-service" },
  description: "token based credentials",
  external_entropy_access: false,
  local: false,
  options: null,
  ...BUILT_IN,
  seal_wrap: false,
  type: "token",
  uuid: "00000000-0000-0000-0000-000000000002",
};
