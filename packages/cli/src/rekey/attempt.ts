// SPDX-License-Identifier: Apache-2.0
import type { Client } from "../http/client.ts";
import type { Io } from "../io.ts";
import type { Format } from "../output/format.ts";
import type { RekeyFamily, RekeyPaths, Target } from "./family.ts";

/** What every verb of a rekey works with. */
export interface RekeyAttempt {
  readonly family: RekeyFamily;
  readonly target: Target;
  readonly paths: RekeyPaths;
  readonly client: Client;
  readonly io: Io;
  readonly format: Format;
}
