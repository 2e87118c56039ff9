// SPDX-License-Identifier: Apache-2.0
/** A refusal with a code of a closed table. `message` says what was wrong, `advice` what to do about it. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;
  /** Of the table: shown behind the message where a person reads it. */
  readonly advice: string;
  constructor(code: Code, message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.advice = advice;
  }
}
