// SPDX-License-Identifier: Apache-2.0
/** A mount: an engine at a path, as it stands in the table of mounts. */
import { randomBytes, randomUUID } from "node:crypto";
import * as z from "zod";

/** What `sys/mounts/:path/tune` may change besides the description and the options. Lease durations are seconds. */
export const mountConfigSchema = z.object({
  default_lease_ttl: z.number(),
  max_lease_ttl: z.number(),
  force_no_cache: z.boolean(),
  listing_visibility: z.string().optional(),
  audit_non_hmac_request_keys: z.array(z.string()).optional(),
  audit_non_hmac_response_keys: z.array(z.string()).optional(),
  passthrough_request_headers: z.array(z.string()).optional(),
  allowed_response_headers: z.array(z.string()).optional(),
});

/** What can be tuned of a mount. */
export type MountConfig = Readonly<z.output<typeof mountConfigSchema>>;

const mountTypeSchema = z.enum(["kv", "transit"]);

/** The kinds of engine. */
export type MountType = z.output<typeof mountTypeSchema>;

/** A mount as it stands in storage. */
export const mountSchema = z.object({
  /** With a trailing `/`. */
  path: z.string(),
  type: mountTypeSchema,
  uuid: z.string(),
  accessor: z.string(),
  description: z.string(),
  /** Null where none were given, as Vault shows them. */
  options: z.record(z.string(), z.string()).nullable(),
  config: mountConfigSchema,
  local: z.boolean(),
  seal_wrap: z.boolean(),
  external_entropy_access: z.boolean(),
  /** Its entries of version 1 are being given versions; it serves nothing until that is done. */
  upgrading: z.boolean(),
  /** Init made it, for who starts right away; mounting something at its path replaces it while it holds nothing. */
  placeholder: z.boolean().default(false),
});

/** One mount. Its data stands below {@link dataPrefix}. */
export type Mount = Readonly<z.output<typeof mountSchema>>;

/** What a new mount is made of. */
export type MountSettings = Omit<Mount, "uuid" | "accessor" | "upgrading" | "placeholder">;

/** A mount with an identity of its own. */
export function newMount(settings: MountSettings): Mount {
  const accessor = `${settings.type}_${randomBytes(4).toString("hex")}`;
  return { ...settings, uuid: randomUUID(), accessor, upgrading: false, placeholder: false };
}

/** The configuration of a mount that says nothing of its own. */
export const NO_CONFIG: MountConfig = { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false };

/** Which version of key/value a mount serves; 1 also for another engine, whose options mean nothing here. */
export function kvVersion(mount: Mount): 1 | 2 {
  return mount.type === "kv" && mount.options?.version === "2" ? 2 : 1;
}

/** Where the mount of this UUID keeps its data. */
export function dataPrefix(uuid: string): string {
  return `sealwright/data/${uuid}/`;
}

/** What a new store begins with: key/value version 1 at `secret/`. */
export function firstMount(): Mount {
  const settings = {
    path: "secret/",
    type: "kv" as const,
    description: "key/value secret storage",
    options: { version: "1" },
    config: NO_CONFIG,
    local: false,
    seal_wrap: false,
    external_entropy_access: false,
  };
  return { ...newMount(settings), placeholder: true };
}
