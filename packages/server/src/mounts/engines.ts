// SPDX-License-Identifier: Apache-2.0
/** Which engine serves the mounts of which type: the one table. */
import type { Engine } from "./engine.ts";
import { KvEngine } from "./kv.ts";
import type { MountType } from "./mount.ts";
import { TransitEngine } from "./transit/engine.ts";

/** An engine of each type. */
export function createEngines(): Readonly<Record<MountType, Engine>> {
  return { kv: new KvEngine(), transit: new TransitEngine() };
}
