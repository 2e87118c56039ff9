// SPDX-License-Identifier: Apache-2.0

export { placed } from "./config/errors.ts";
export { type ExplainedValue, explainConfig } from "./config/explain.ts";
export { type DoctorOptions, diagnoseSeals, type SealReport } from "./doctor/diagnose-seals.ts";
export { type Adoption, adoptStorage } from "./offline/adopt-storage.ts";
export { isPlain } from "./offline/entries.ts";
export type { OfflineCommand } from "./offline/offline-audit.ts";
export { readPlainEntry } from "./offline/read-plain.ts";
export { type Recovery, recoverStorage } from "./offline/recover-storage.ts";
export type { OfflineOptions } from "./offline/session.ts";
export type { ShareRequest, ShareSource } from "./offline/shares.ts";
export { type OfflineStore, withOfflineStore } from "./offline/with-offline-store.ts";
export { runServer, type ServerArguments, type ServerIo } from "./run-server.ts";
export { createLog, type Log } from "./runtime/log.ts";
export { type RunningServer, startServer } from "./runtime/server.ts";
export { startupSentence } from "./runtime/startup-error.ts";
export { SEAL_TYPES } from "./seals/registry.ts";
