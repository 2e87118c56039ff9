// SPDX-License-Identifier: Apache-2.0
/** The transit seal: a named key of the transit engine of a Vault, an OpenBao or another Sealwright. */
import type { AutoSealPlugin } from "@sealwright/seal";
import { fields, settingsOf } from "./config.ts";
import { openRemote } from "./remote.ts";
import { keepRenewed } from "./renewal.ts";
import { openTransitSeal } from "./seal.ts";

/** What the composition root registers. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "transit",
  config: fields,
  async open(config, env) {
    const remote = openRemote(settingsOf(config, env));
    const stopRenewal = config.disable_renewal ? () => {} : keepRenewed(remote, env);
    return openTransitSeal(remote, config.key_id_prefix ?? "", stopRenewal);
  },
};
