// SPDX-License-Identifier: Apache-2.0
export * from "./aead.ts";
export * from "./blob.ts";
export * from "./call.ts";
export * from "./check-plugin.ts";
export * from "./config.ts";
export * from "./contain.ts";
export * from "./contract.ts";
export * from "./diagnosis.ts";
export * from "./envelope.ts";
export * from "./errors.ts";
export * from "./guard.ts";
export * from "./multi-blob.ts";
export * from "./plugin-module.ts";
export * from "./resolve.ts";
