// SPDX-License-Identifier: Apache-2.0
/** The ceremonies of one server, and what they have to do with each other. */
import {
  Authorization,
  barrierTarget,
  breakGlassTarget,
  type KeptConfigs,
  Rekey,
  recoveryKeysUnsealOff,
  recoveryTarget,
  type SealedStore,
} from "@sealwright/core";
import type { Log } from "../runtime/log.ts";
import type { RekeyDetails, RootGenerationDetails, StartedBy } from "./details.ts";
import type { OfficersAnswer, OfficersDetails } from "./officers.ts";
import type { RekeyAnswer, Target } from "./rekey-request.ts";
import type { GeneratedRootToken } from "./root-generation.ts";

/** What the ceremonies work on. */
export interface CeremoniesOptions {
  readonly store: SealedStore;
  readonly log: Log;
  /** Milliseconds after which an attempt without progress ends. */
  readonly idleTimeout: number;
}

/** How often attempts are asked whether they have been idle for too long, in times per timeout. */
const CHECKS_PER_TIMEOUT = 60;

/** One attempt at a time of each kind. Both families of endpoints share it. */
export class Ceremonies {
  readonly rekeys: Readonly<Record<Target, Rekey<RekeyAnswer, RekeyDetails>>>;
  readonly rootGeneration: Authorization<GeneratedRootToken, RootGenerationDetails>;
  readonly sealConfigConfirmation: Authorization<KeptConfigs, StartedBy & { readonly keep: KeptConfigs }>;
  readonly officers: Authorization<OfficersAnswer, OfficersDetails>;
  readonly recoveryKeysUnseal: Authorization<true, StartedBy>;
  /** Ends that: a new recovery key, which opens nothing. */
  readonly recoveryKeysOff: Rekey<RekeyAnswer, RekeyDetails>;
  readonly #officersRekeys = new Map<string, Rekey<RekeyAnswer, RekeyDetails>>();
  readonly #options: CeremoniesOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CeremoniesOptions) {
    const { store } = options;
    this.#options = options;
    this.rekeys = { barrier: this.#rekeyOf(barrierTarget), recovery: this.#rekeyOf(recoveryTarget) };
    this.rootGeneration = new Authorization(store, "root generation");
    this.sealConfigConfirmation = new Authorization(store, "confirmation of the seal configuration");
    this.officers = new Authorization(store, "adding of officers' shares");
    this.recoveryKeysUnseal = new Authorization(store, "letting the recovery keys unseal");
    this.recoveryKeysOff = this.#rekeyOf(recoveryKeysUnsealOff);
  }

  /** The rekey of the officers' shares of the seal called `name`, one there is: each name is kept. */
  officersRekey(name: string): Rekey<RekeyAnswer, RekeyDetails> {
    const rekey = this.#officersRekeys.get(name) ?? this.#rekeyOf(breakGlassTarget(name));
    this.#officersRekeys.set(name, rekey);
    return rekey;
  }

  #rekeyOf(replaced: typeof barrierTarget): Rekey<RekeyAnswer, RekeyDetails> {
    const made = new Rekey<RekeyAnswer, RekeyDetails>(this.#options.store, replaced, {
      onReplaced: () => this.#endOthers(made),
    });
    return made;
  }

  /** Begins to end attempts that nobody goes on with. Does not keep the process alive. */
  watch(): void {
    const interval = Math.max(1, this.#options.idleTimeout / CHECKS_PER_TIMEOUT);
    this.#timer ??= setInterval(() => this.#endIdle(), interval).unref();
  }

  /** Stops watching. */
  dispose(): void {
    clearInterval(this.#timer);
  }

  /** Each by what the log calls it. */
  get #kinds() {
    return {
      "barrier rekey": this.rekeys.barrier,
      "recovery rekey": this.rekeys.recovery,
      "root generation": this.rootGeneration,
      "confirmation of the seal configuration": this.sealConfigConfirmation,
      "adding of officers' shares": this.officers,
      "letting the recovery keys unseal": this.recoveryKeysUnseal,
      "ending that the recovery keys unseal": this.recoveryKeysOff,
      ...Object.fromEntries(
        [...this.#officersRekeys].map(([name, rekey]) => [`rekey of the shares of ${name}`, rekey]),
      ),
    };
  }

  #endIdle(): void {
    const { idleTimeout, log } = this.#options;
    for (const [kind, ceremony] of Object.entries(this.#kinds)) {
      if (ceremony.expire(idleTimeout)) log.warn(`${kind} ended: nothing was submitted for too long`);
    }
  }

  /** Shares that were counted elsewhere than in `done` are of the old set now, and worth nothing. */
  #endOthers(done: object): void {
    const others = Object.values(this.#kinds).filter((each) => each !== done);
    const running = others.filter((each) => each.current !== undefined);
    for (const each of running) each.drop();
    if (running.length > 0) this.#options.log.warn("ceremonies in progress ended: a rekey replaced the shares");
  }
}
