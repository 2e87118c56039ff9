// SPDX-License-Identifier: Apache-2.0

export { adopt, adoptionQuorum } from "./adopt.ts";
export { type OpenStore, proveQuorum } from "./authority.ts";
export {
  ANY_ATTEMPT,
  Authorization,
  type AuthorizationStatus,
  type Permission,
  presentQuorum,
} from "./authorization.ts";
export { AutoUnsealer, type AutoUnsealerOptions, explainUnsealFailure, type UnsealFailure } from "./auto-unseal.ts";
export { Barrier, type KeyStatus, type PlainChange } from "./barrier.ts";
export * from "./ceremony.ts";
export type { Cluster } from "./cluster.ts";
export {
  type KeyringHome,
  openBarrier,
  rewriteKeys,
  rotateKeyring,
  unwrappedKeyring,
  type WrapKeyring,
} from "./commit.ts";
export { lockAndSave, type SaveLimits, saveCount } from "./counting/save-count.ts";
export { openEntry, sealEntry, termOf } from "./entry.ts";
export * from "./errors.ts";
export { parseExact, stringifyExact } from "./exact-json.ts";
export type { InitRequest, InitShares } from "./init/request.ts";
export { isForeign, isInitialized, readRecoveryConfig, readSealConfig } from "./inventory.ts";
export * from "./keyring.ts";
export { Mutex } from "./mutex.ts";
export * from "./observer.ts";
export { type AloneOptions, closeAlone, openAlone } from "./open-alone.ts";
export { type OpenStoreOptions, openStore } from "./open-store.ts";
export * as paths from "./paths.ts";
export { Quorum } from "./quorum.ts";
export { barrierTarget, rotateRootKey } from "./rekey/barrier-target.ts";
export { recoveryTarget } from "./rekey/recovery-target.ts";
export { Rekey, type RekeyOptions } from "./rekey/rekey.ts";
export type { Delivery, RekeyRequest, RekeyStatus, Submission, VerificationStatus } from "./rekey/request.ts";
export type { RekeyTarget } from "./rekey/target.ts";
export { checkRotation, configureRotation } from "./rotation.ts";
export * from "./seal-config.ts";
export { type KeptConfigs, sealConfigConfirmation } from "./seal-config-confirmation.ts";
export { sealConfigsMatch } from "./seal-config-copy.ts";
export {
  type EntryLayer,
  LAYERED_PATHS,
  layeredPaths,
  layerReader,
  type MakeLayer,
  noLayer,
  type RemoveLayer,
  sealLayer,
} from "./seal-wrap/entry-layer.ts";
export type { Rewrap, RewrapStatus } from "./seal-wrap/rewrap.ts";
export { MANY_WRAPS, type WrapCount } from "./seal-wrap/wrap-tally.ts";
export { decodeWrapped, encodeWrapped } from "./seal-wrap/wrapped-entry.ts";
export { type AttachedSeal, checkSealName, RECOVERY_KEYS, type SealState, soleSeal } from "./seals/attached-seal.ts";
export { type BreakGlassRequest, breakGlass, breakGlassTarget } from "./seals/break-glass.ts";
export type { SealHolding, WrappedEntry } from "./seals/holdings.ts";
export type { MigrationPlan } from "./seals/migrate.ts";
export type { Outstanding } from "./seals/outstanding.ts";
export { type OpeningShares, openingShares, type Recovered, recover } from "./seals/recover.ts";
export { recoveryKeysUnseal, recoveryKeysUnsealOff, recoveryKeysUnsealOn } from "./seals/recovery-keys-unseal.ts";
export type { RewrappedEntry } from "./seals/rewrap-root-key.ts";
export type { Risk } from "./seals/risk.ts";
export type { SealMember, SealRecord } from "./seals/seal-record.ts";
export type { QuorumKind } from "./seals/seal-roster.ts";
export type { SealChangeOptions, SealProof, StoreSeals } from "./seals/store-seals.ts";
export type { BesideProgress, StoreStatus } from "./status.ts";
export * from "./storage.ts";
export { SealedStore } from "./store.ts";
export type { StoreOptions } from "./store-options.ts";
export { unansweredInit } from "./unanswered-init.ts";
export { checkShare } from "./unseal.ts";
export type { ShareUse } from "./unsealing.ts";
