// SPDX-License-Identifier: Apache-2.0
import { toggle } from "../../../flags/flag.ts";

/** Lets in a seal that makes the whole weaker. */
export const acceptWeaker = toggle({
  name: "accept-weaker",
  usage: "Let a seal in that makes the whole weaker: any one seal opens the storage.",
});

/** Goes on with what an operator may regret. */
export const force = toggle({
  name: "force",
  usage: "Go on even where one up-to-date seal of several would be left, or a recovery key is lost with a dead seal.",
});
