// SPDX-License-Identifier: Apache-2.0
/** From what the library returns to the seal's errors. */
import { isSealError, SealError } from "@sealwright/seal";
import {
  DECRYPTING,
  MEANINGS,
  type Meaning,
  RECOVERIES,
  type Recovery,
  type RecoveryStep,
  UNKNOWN,
} from "./return-values.ts";

/** Which parts of the table apply: the tables that are asked, in order. */
export const ORDINARY = [MEANINGS] as const;
/** While a ciphertext is being decrypted. */
export const OPENING = [DECRYPTING, MEANINGS] as const;

/** A call into the library that returned something else than `CKR_OK`. */
export class CryptokiError extends SealError {
  /** Its name, such as `CKR_PIN_INCORRECT`. */
  readonly returnValue: string;
  readonly recovery: Recovery;

  constructor(doing: string, returnValue: string, number: number, meaning: Meaning, cause: unknown) {
    const shown = `${returnValue}, 0x${number.toString(16)}`;
    super(meaning.code, `seal "pkcs11": ${doing} failed: ${meaning.says} (${shown})`, {
      cause,
      final: meaning.final === true,
      ...(meaning.advice === undefined ? {} : { advice: meaning.advice }),
    });
    this.returnValue = returnValue;
    this.recovery = meaning.recovery;
  }

  /**
   * SoftHSM answers a bad tag, and kryoptic a bad RSA padding, with a code that says nothing of the text: only a trial
   * tells it from an outage.
   */
  get vague(): boolean {
    return ["CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED", "CKR_DEVICE_ERROR"].includes(this.returnValue);
  }
}

/** What pkcs11js throws for a return value; told by its shape, since the package may not be installed. */
function returned(error: unknown): { name: string; number: number } | undefined {
  if (!(error instanceof Error) || !error.message.startsWith("CKR_")) return undefined;
  return { name: error.message, number: "code" in error && typeof error.code === "number" ? error.code : 0 };
}

/** `error` as it came out of the library while `doing` (a noun phrase that names token and key), as a seal's error. */
export function explain(error: unknown, doing: string, tables: typeof ORDINARY | typeof OPENING = ORDINARY): SealError {
  if (isSealError(error)) return error;
  const value = returned(error);
  if (value === undefined) {
    return new SealError("SEAL_UNAVAILABLE", `seal "pkcs11": ${doing} failed inside the library`, { cause: error });
  }
  const meaning = tables.map((table) => table[value.name]).find((each) => each !== undefined) ?? UNKNOWN;
  return new CryptokiError(doing, value.name, value.number, meaning, error);
}

/** Runs `step`, a call into the library, and explains what it throws. */
export function attempt<T>(doing: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw explain(error, doing);
  }
}

/** Like {@link attempt}, for a step that may have been done already. */
export function attemptUnlessDone(doing: string, step: () => void): void {
  try {
    attempt(doing, step);
  } catch (error) {
    if (!(error instanceof CryptokiError && error.recovery === "harmless")) throw error;
  }
}

/**
 * The next thing to try after `error`, where `tried` is what was tried last in this call; undefined where nothing helps
 * any more. Each failure climbs at least one step, so a call ends after six attempts at most.
 */
export function nextRecovery(error: unknown, tried: RecoveryStep | undefined): RecoveryStep | undefined {
  if (!(error instanceof CryptokiError)) return undefined;
  const ranks: readonly (Recovery | undefined)[] = RECOVERIES;
  const wanted = ranks.indexOf(error.recovery);
  if (wanted < 0) return undefined;
  const climbed = ranks.indexOf(tried) + 1;
  const next = RECOVERIES[Math.max(wanted, climbed)];
  // A fresh process is for what is known to be broken inside this one, not for whatever else still fails.
  return next === "replace-process" && error.recovery !== next ? undefined : next;
}
