// SPDX-License-Identifier: Apache-2.0
import type { Position } from "./hcl/index.ts";

/** A place in a configuration file; `file` is the path as it was given or found. */
export interface SourcePosition extends Position {
  readonly file: string;
}

/** Something that was accepted and has no effect, or is likely to be a mistake. */
export interface ConfigWarning {
  /** One sentence, without the place. */
  readonly message: string;
  /** Undefined where a variable is meant. */
  readonly at: SourcePosition | undefined;
}

/** `file:line:column: message`, as compilers write it. */
export function placed(at: SourcePosition, message: string): string {
  return `${at.file}:${at.line}:${at.column}: ${message}`;
}

/** The only error of the configuration. Its message says what is wrong and what to do, after the place if there is one. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly at: SourcePosition | undefined;
  constructor(message: string, at?: SourcePosition, options?: { cause?: unknown }) {
    super(at === undefined ? message : placed(at, message), options);
    this.at = at;
  }
}
