// SPDX-License-Identifier: Apache-2.0
import { type Diagnosis, guardSeal, type Seal, type SealCall } from "@sealwright/seal";
import { type ChildOptions, PluginProcess } from "./plugin-process.ts";
import { DEFAULT_DEADLINE_MS, type IsolationOptions, type IsolationStatus, Supervisor } from "./supervisor.ts";

/** A seal whose plugin runs in a child process. */
export interface IsolatedSeal extends Seal {
  /** What goes on behind it now, for status and metrics. */
  readonly status: IsolationStatus;
}

/**
 * Opens a seal whose plugin runs in a child process, so that native code which hangs or crashes harms nothing else.
 *
 * Rejects as the plugin's `open` does, with `SEAL_UNAVAILABLE` when the process ends meanwhile, and with `SEAL_TIMEOUT`
 * when it takes longer than `startMs`; no process is left then. Afterwards up to `maxParallel` calls are under way at
 * a time and the others wait in turn; beyond `maxWaiting` a call is `SEAL_THROTTLED`. A crash rejects the calls under way
 * with `SEAL_UNAVAILABLE`; a call past its deadline rejects with `SEAL_TIMEOUT` and ends the process, the others under
 * way are `SEAL_UNAVAILABLE`; an aborted one rejects at once and ends nothing, but keeps its place until the plugin is
 * done with it. The next call starts a new process, after a pause that grows while processes keep ending. A failure that
 * is `final` is remembered: no process is started for this seal ever again, and every later call rejects with it.
 */
export async function openIsolated(options: IsolationOptions): Promise<IsolatedSeal> {
  const supervisor = new Supervisor(options);
  await supervisor.open();
  const seal = guardSeal({
    type: options.type,
    wrap: (plaintext, call) => supervisor.call({ op: "wrap", plaintext, ...aadOf(call) }, call),
    unwrap: (blob, call) => supervisor.call({ op: "unwrap", blob, ...aadOf(call) }, call),
    close: () => supervisor.close(),
  });
  return {
    ...seal,
    get status() {
      return supervisor.status;
    },
  };
}

function aadOf(call: SealCall | undefined): { aad?: Uint8Array } {
  return call?.aad === undefined ? {} : { aad: call.aad };
}

/**
 * Starts a process ahead of {@link openIsolated}, so that it loads while the host does. It holds no configuration yet.
 * Whoever gives it to nobody ends it with `close`.
 */
export function startChild(options: ChildOptions): PluginProcess {
  return new PluginProcess(options);
}

/**
 * Has the plugin look at its backend, in a process that ends with it. Rejects with `SEAL_UNAVAILABLE` when the library
 * crashes meanwhile and with `SEAL_TIMEOUT` past the deadline. A plugin that has no such look answers an empty one.
 */
export async function diagnoseIsolated(options: IsolationOptions): Promise<Diagnosis> {
  const process = new PluginProcess(options);
  process.report({ log: options.log, refused: () => undefined });
  try {
    return await process.request({ op: "diagnose", config: options.config }, options.deadlineMs ?? DEFAULT_DEADLINE_MS);
  } finally {
    process.kill();
    await process.ended;
  }
}
