// SPDX-License-Identifier: Apache-2.0

export { type OfflineOptions, type OfflineStore, openOffline, type ShareSource } from "./offline/open-offline.ts";
export { runServer, type ServerArguments, type ServerIo } from "./run-server.ts";
export { createLog, type Log } from "./runtime/log.ts";
export { type RunningServer, startServer } from "./runtime/server.ts";
export { startupSentence } from "./runtime/startup-error.ts";
