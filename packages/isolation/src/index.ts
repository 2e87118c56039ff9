// SPDX-License-Identifier: Apache-2.0
export { diagnoseIsolated, type IsolatedSeal, openIsolated, startChild } from "./isolated-seal.ts";
export type { ChildOptions, PluginProcess } from "./plugin-process.ts";
export { DEFAULT_DEADLINE_MS, type IsolationOptions, type IsolationStatus } from "./supervisor.ts";
