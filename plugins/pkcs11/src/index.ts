// SPDX-License-Identifier: Apache-2.0
/** The PKCS#11 seal: a key on an HSM or smart card, through the vendor's library. */
import type { AutoSealPlugin } from "@sealwright/seal";
import { checkNames, fields, maxParallel } from "./config.ts";
import { diagnosePkcs11 } from "./diagnose.ts";
import { Library } from "./library.ts";
import { openPkcs11Seal } from "./seal.ts";

/** What the composition root registers. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "pkcs11",
  config: fields,
  isolation: "process",
  maxParallel,
  async open(config, env) {
    checkNames(config);
    return openPkcs11Seal(await Library.load(config.lib), config, env);
  },
  async diagnose(config, env) {
    return diagnosePkcs11(config, env);
  },
};
