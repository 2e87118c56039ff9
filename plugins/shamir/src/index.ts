// SPDX-License-Identifier: Apache-2.0
/** The Shamir seal: people hold shares of its key. No configuration, no service, no network. */
import type { SharesSealPlugin } from "@sealwright/seal";
import { openShamirSeal } from "./seal.ts";
import { combine, split } from "./shares.ts";

/** What the composition root registers. */
export const plugin: SharesSealPlugin = { kind: "shares", type: "shamir", split, combine, open: openShamirSeal };
