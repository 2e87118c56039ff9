// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { describeSealConformance } from "@sealwright/testing";
import { describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";

const key = randomBytes(32);

describeSealConformance(
  "shamir",
  {
    traits: { aad: "bound", parts: [] },
    open: async () => plugin.open(key),
    foreignBlob: (plaintext) => plugin.open(randomBytes(32)).wrap(plaintext),
    secrets: [key.toString("hex"), key.toString("base64")],
  },
  { describe, it, expect },
);
