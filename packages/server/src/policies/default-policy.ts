// SPDX-License-Identifier: Apache-2.0
/** The text of the policy `default`, which tokens get unless told otherwise: what a token may do with itself. */
export const DEFAULT_POLICY = `
# A token may look at its own properties,
path "auth/token/lookup-self" {
    capabilities = ["read"]
}

# renew itself,
path "auth/token/renew-self" {
    capabilities = ["update"]
}

# revoke itself,
path "auth/token/revoke-self" {
    capabilities = ["update"]
}

# and ask what it may do, path by path
path "sys/capabilities-self" {
    capabilities = ["update"]
}

# or all at once, for consoles.
path "sys/internal/ui/resultant-acl" {
    capabilities = ["read"]
}
`;
