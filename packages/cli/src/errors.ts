// SPDX-License-Identifier: Apache-2.0
/** Exit codes, as Vault's command line uses them. */
export const exitCode = {
  ok: 0,
  /** Wrong usage, or something on this machine is missing or unreadable. */
  local: 1,
  /** The server refused, found nothing, or cannot be reached. */
  server: 2,
  /** Ctrl-C at a prompt, as shells count it. */
  interrupted: 130,
} as const;

/** A command cannot go on. The message is shown on standard error as it is; `code` becomes the exit code. */
export class CommandError extends Error {
  readonly code: number;

  constructor(message: string, code: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandError";
    this.code = code;
  }
}

/** Wrong flags or arguments, or a local file or variable that cannot be used: exit code 1. */
export class UsageError extends CommandError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCode.local, options);
    this.name = "UsageError";
  }
}

/** The server refused, found nothing, or cannot be reached: exit code 2. */
export class ServerError extends CommandError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCode.server, options);
    this.name = "ServerError";
  }
}

/** Runs `work`; a `ServerError` from it is told with `what` failed in front (`Error unsealing: …`). */
export async function during<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServerError) throw new ServerError(`${what}: ${error.message}`, { cause: error });
    throw error;
  }
}
