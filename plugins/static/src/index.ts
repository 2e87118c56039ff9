// SPDX-License-Identifier: Apache-2.0
/** The static seal: a 32-byte key from a file, a variable or the configuration. */
import type { AutoSealPlugin } from "@sealwright/seal";
import { fields, keysOf } from "./config.ts";
import { openStaticSeal } from "./seal.ts";

/** What the composition root registers. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "static",
  config: fields,
  weakness: "whoever can read its key's file, variable or configuration has the key",
  async open(config) {
    return openStaticSeal(keysOf(config));
  },
};
