// SPDX-License-Identifier: Apache-2.0
/**
 * What is recorded and not served yet: paths below `/v1/` by their beginning. Their rows are not compared, and a test
 * fails as soon as one of them is answered as recorded, so that it is compared from then on.
 */
export const PENDING_PATHS: readonly string[] = [
  "sys/rekey/",
  "sys/rekey-recovery-key/",
  "sys/rotate/root",
  "sys/rotate/recovery",
  "sys/rotate/config",
  "sys/rotate/keyring/config",
  "sys/generate-root/",
  "sys/generate-root-token/",
  "sys/decode-token",
];

/** Rows that depend on what a pending row would have done. */
export const PENDING_ROWS: readonly string[] = [
  "generate-root*/lookup-generated",
  "generate-root*/revoke-generated",
  "uninit/init-recovery-params-on-shamir",
  "uninit/init-barrier-params-on-auto",
  "uninit/init-root-pgp-bad/NOTE*",
  "unseal-after-seal",
  "unseal-recovery-key-on-auto-3",
  "unseal-reset-auto",
  "seal-status-8s-later",
  "seal-status-after-recovery-keys",
  "key-status-after-seal-unseal",
  "default-listener/*",
];
