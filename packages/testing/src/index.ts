// SPDX-License-Identifier: Apache-2.0
export * from "./fault-proxy.ts";
export * from "./rejects-with-code.ts";
export * from "./runner.ts";
export * from "./seal-conformance.ts";
export * from "./seal-harness.ts";
export * from "./storage-conformance.ts";
export * from "./storage-harness.ts";
