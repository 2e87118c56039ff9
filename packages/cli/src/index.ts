// SPDX-License-Identifier: Apache-2.0
export { InterruptedError, type Io, NotATerminalError, type Output } from "./io.ts";
export { run } from "./run.ts";
