// SPDX-License-Identifier: Apache-2.0
/** What a policy can grant on a path, as a set of bits. */

/** The capabilities in the order of their bits. */
export const CAPABILITIES = ["create", "read", "update", "delete", "list", "sudo", "deny", "patch"] as const;

/** A word of a policy's `capabilities`. */
export type Capability = (typeof CAPABILITIES)[number];

/** Several capabilities, a bit each. */
export type CapabilitySet = number;

const BITS = Object.fromEntries(CAPABILITIES.map((name, index) => [name, 1 << index])) as Record<Capability, number>;

/** Whether `name` is a capability. */
export function isCapability(name: string): name is Capability {
  return Object.hasOwn(BITS, name);
}

/** The set of `names`. `deny` takes every other capability with it. */
export function capabilitySet(names: readonly Capability[]): CapabilitySet {
  if (names.includes("deny")) return BITS.deny;
  return names.reduce((set, name) => set | BITS[name], 0);
}

/** Whether `capability` is in `set`. */
export function includes(set: CapabilitySet, capability: Capability): boolean {
  return (set & BITS[capability]) !== 0;
}

/** Both sets together, or `deny` alone where either denies. */
export function union(a: CapabilitySet, b: CapabilitySet): CapabilitySet {
  return ((a | b) & BITS.deny) !== 0 ? BITS.deny : a | b;
}

/** The names in `set`, sorted, as Vault shows them: an empty set is `deny`. */
export function namesOf(set: CapabilitySet): Capability[] {
  const names = CAPABILITIES.filter((name) => includes(set, name)).sort();
  return names.length === 0 ? ["deny"] : names;
}

/** What the one-word policies of Vault before 0.5 stand for. */
export const LEGACY_POLICIES: Readonly<Record<string, readonly Capability[]>> = {
  deny: ["deny"],
  read: ["read", "list"],
  write: ["create", "read", "update", "delete", "list"],
  sudo: ["create", "read", "update", "delete", "list", "sudo"],
};
