// SPDX-License-Identifier: Apache-2.0
export { DEFAULT_DEADLINE_MS, type IsolationOptions, openIsolated, startChild } from "./isolated-seal.ts";
export type { ChildOptions, PluginProcess } from "./plugin-process.ts";
