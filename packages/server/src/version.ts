// SPDX-License-Identifier: Apache-2.0
/** This build, as `sys/seal-status` and `sealwright version` show it. */
export const VERSION = "0.1.0";

/** RFC 3339. */
export const BUILD_DATE = "2026-11-21T00:00:00Z";
