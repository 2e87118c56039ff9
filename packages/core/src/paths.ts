// SPDX-License-Identifier: Apache-2.0
/** Where the core keeps what, as OpenBao and Vault lay it out; what is ours alone lives below {@link OURS}. */
export const KEYRING = "core/keyring";
/** The root key under the active data key, for standbys. */
export const ROOT_KEY = "core/root-key";
/** The name that Vault before 1.8 gave to {@link ROOT_KEY}: read, and deleted when the new one is written. */
export const LEGACY_ROOT_KEY = "core/master";
/** The seal's type and numbers, plain JSON. */
export const SEAL_CONFIG = "core/seal-config";
/** The numbers of the recovery shares, plain JSON. */
export const RECOVERY_CONFIG = "core/recovery-config";
/** The sealed root key. */
export const STORED_KEYS = "core/hsm/barrier-unseal-keys";
/** The recovery key, wrapped by the seal. */
export const RECOVERY_KEY = "core/recovery-key";
/** The Shamir seal's key under the active data key. */
export const SHAMIR_KEK = "core/shamir-kek";
/** PGP-encrypted unseal shares, for holders who lost theirs. */
export const UNSEAL_KEYS_BACKUP = "core/unseal-keys-backup";
/** The recovery shares of the last rekey, encrypted to PGP keys. */
export const RECOVERY_KEYS_BACKUP = "core/recovery-keys-backup";
/** The cluster's name and id. */
export const CLUSTER = "core/cluster/local/info";

/** Everything that only Sealwright reads. A storage with a keyring and nothing here is foreign. */
export const OURS = "sealwright/";
/** A copy, under the barrier, of the plain seal configurations, so that a lowered threshold shows. */
export const SEAL_CONFIG_COPY = "sealwright/core/seal-configs";
/** The ceiling of the encryption count while it is in force. */
export const ENCRYPTION_COUNT = "sealwright/core/encryption-count";
/** The same entry after a clean stop, encrypted for the path above, until it is put in force again. */
export const ENCRYPTION_COUNT_ASIDE = "sealwright/core/encryption-count-aside";
/** How often each key of the seal has wrapped something, plain. */
export const SEAL_WRAPS = "sealwright/core/seal-wraps";
/** Where a rewrap of the entries with a layer is, plain; there until it is done. */
export const REWRAP = "sealwright/core/rewrap";
/** Keys for standbys that are one term behind. */
export const UPGRADES = "core/upgrade/";

/** There from an initialisation until somebody is known to have its answer. */
export const INIT_UNANSWERED = "sealwright/core/init-unanswered";

/** Which seals a storage has, plain: read before anything is open. There from the first second seal on. */
export const SEAL_RECORD = "sealwright/core/seals";
/** The same under the barrier, which counts where the two differ. */
export const SEAL_RECORD_COPY = "sealwright/core/seals-copy";
/** The recovery key under the active data key, where there are several seals: a ceremony then needs none of them. */
export const RECOVERY_KEY_COPY = "sealwright/core/recovery-key";
/** What each seal but the first keeps, in a folder of its name. */
export const SEALS = `${OURS}seals/`;
/** What a seal is still to wrap, plain: one entry per seal and path. */
export const OUTSTANDING = `${OURS}outstanding/`;

/** The store's own entries are below these: nobody else writes there. */
export const RESERVED = ["core/", `${OURS}core/`, SEALS, OUTSTANDING] as const;
