// SPDX-License-Identifier: Apache-2.0
/** What is Vault's goes by the configured prefix; what is ours alone, by `sealwright`. */
const OURS = "sealwright";

/** The full name with dots: `vault.barrier.put`, `sealwright.encryptions`. */
export function dotted(prefix: string, name: string): string {
  return name.startsWith(`${OURS}.`) ? name : `${prefix}.${name}`;
}

/** The same as Prometheus spells it: `vault_barrier_put`. */
export function underscored(prefix: string, name: string): string {
  return dotted(prefix, name).replace(/[^A-Za-z0-9_]/g, "_");
}
