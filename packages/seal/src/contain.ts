// SPDX-License-Identifier: Apache-2.0
/**
 * A plugin that nobody here has reviewed, made to keep the contract's form: whatever its code does, callers get a
 * `SealError`, or an answer of the right kind. What only a process of its own can keep out is not kept out here.
 */
import { asBlob, asDiagnosis, asPlaintext } from "./answers.ts";
import { type AutoSealPlugin, MAX_PLAINTEXT_BYTES, type Seal } from "./contract.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { isSealError, SealError } from "./errors.ts";
import { guardSeal } from "./guard.ts";

/** How long a seal may take to close, in milliseconds. */
const CLOSE_MS = 2_000;

function breach(type: string, message: string, cause?: unknown): SealError {
  return new SealError("SEAL_PLUGIN_UNAVAILABLE", `the plugin of the ${type} seal ${message}`, {
    cause,
    advice: "report it to the author of the plugin",
  });
}

/**
 * What a plugin threw, as a `SealError` of this copy of the module. Anything else than a `SealError` is
 * `SEAL_UNAVAILABLE`: it may be an outage that the plugin does not know. Its text may hold anything, so it is the cause.
 */
function toSealError(type: string, error: unknown): SealError {
  if (error instanceof SealError) return error;
  if (isSealError(error)) {
    const { code, message, cause, final, advice } = error;
    return new SealError(code, String(message), {
      cause,
      final: final === true,
      ...(typeof advice === "string" ? { advice } : {}),
    });
  }
  const message = `the plugin of the ${type} seal failed in a way that it should not; the log has the details`;
  return new SealError("SEAL_UNAVAILABLE", message, { cause: error });
}

async function contained<T>(type: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toSealError(type, error);
  }
}

/** Resolves with `closing`, or when it takes too long: what a plugin leaves open must not hold up the server's end. */
async function closed(closing: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, CLOSE_MS);
  await Promise.race([closing, late.promise]).catch(() => undefined);
  clearTimeout(timer);
}

function missingIn(seal: unknown): string[] {
  const methods = ["wrap", "unwrap", "close"] as const;
  if (typeof seal !== "object" || seal === null) return [...methods];
  const members: { readonly [name: string]: unknown } = seal as { readonly [name: string]: unknown };
  return methods.filter((name) => typeof members[name] !== "function");
}

/**
 * What a plugin of `type` opened, as a seal that keeps the contract's form. Throws `SEAL_PLUGIN_UNAVAILABLE` where `opened`
 * is no seal, naming what it lacks; its calls reject so for an answer that is neither a blob nor a plaintext. `close`
 * never rejects and takes two seconds at most.
 */
export function containSeal(opened: unknown, type: string): Seal {
  const missing = missingIn(opened);
  if (missing.length > 0) throw breach(type, `opened no seal: ${missing.join(", ")} must be functions`);
  const seal = opened as Seal;
  return guardSeal({
    type,
    wrap: (plaintext, call) =>
      contained(type, async () => {
        const blob = asBlob(await seal.wrap(plaintext, call));
        if (blob !== undefined) return blob;
        throw breach(type, "wrapped, and answered no blob");
      }),
    unwrap: (blob, call) =>
      contained(type, async () => {
        const plaintext = asPlaintext(await seal.unwrap(blob, call));
        if (plaintext !== undefined) return plaintext;
        throw breach(type, `unwrapped, and answered no plaintext of 1 to ${MAX_PLAINTEXT_BYTES} bytes`);
      }),
    close: () => closed(contained(type, () => seal.close())),
  });
}

function parallelCalls(type: string, calls: unknown): number {
  if (Number.isSafeInteger(calls) && Number(calls) >= 1) return Number(calls);
  throw breach(type, "answered maxParallel with something else than a whole number from 1");
}

function failedLook({ message, advice }: SealError): Diagnosis {
  return { sheets: [], checks: [{ status: "failed", what: message, advice }], ready: false };
}

/** `plugin` with calls that fail as the contract says, and with seals of {@link containSeal}. */
export function containPlugin(plugin: AutoSealPlugin): AutoSealPlugin {
  const { type, kind, config, isolation, sdkSecrets, weakness } = plugin;
  const look = async (...given: Parameters<NonNullable<AutoSealPlugin["diagnose"]>>): Promise<Diagnosis> => {
    const found = asDiagnosis(await plugin.diagnose?.(...given));
    if (found !== undefined) return found;
    throw breach(type, "looked at its backend, and answered no diagnosis");
  };
  return {
    kind,
    type,
    config,
    ...(isolation === undefined ? {} : { isolation }),
    ...(sdkSecrets === undefined ? {} : { sdkSecrets }),
    ...(weakness === undefined ? {} : { weakness }),
    ...(plugin.maxParallel === undefined
      ? {}
      : { maxParallel: (given) => parallelCalls(type, plugin.maxParallel?.(given)) }),
    ...(plugin.diagnose === undefined
      ? {}
      : {
          diagnose: (given, env) =>
            contained(type, () => look(given, env)).catch((error: SealError) => failedLook(error)),
        }),
    open: (given, env) => contained(type, async () => containSeal(await plugin.open(given, env), type)),
  };
}
