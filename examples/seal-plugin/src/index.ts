// SPDX-License-Identifier: Apache-2.0
/** The toykms seal. */
import type { AutoSealPlugin } from "@sealwright/seal";
import { fields } from "./config.ts";

/** What a `plugin "toykms"` block loads. */
export const plugin: AutoSealPlugin<typeof fields> = {
  kind: "auto",
  type: "toykms",
  config: fields,
  async open({ address, token, key_name }) {
    // Only here: who has the plugin and doesn't use it does not load the SDK.
    const [{ connect }, { openKmsSeal }] = await Promise.all([import("./client.ts"), import("./seal.ts")]);
    return openKmsSeal(connect(address, token), address, key_name);
  },
};
