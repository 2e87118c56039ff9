// SPDX-License-Identifier: Apache-2.0
import { resolveConfig } from "@sealwright/seal";
import { describeSealConformance, quietEnvironment } from "@sealwright/testing";
import { afterAll, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";
import { startToyKms, type ToyKms } from "./toy-kms.ts";

const kms = await startToyKms("root");
const otherKms = await startToyKms("root");
afterAll(() => Promise.all([kms.stop(), otherKms.stop()]));

const stanzaFor = ({ address, token }: ToyKms) => ({ address, token, key_name: "root" });
const valid = stanzaFor(kms);

function open(stanza: Record<string, string>) {
  return plugin.open(resolveConfig(plugin.type, plugin.config, stanza, {}).config, quietEnvironment);
}

describeSealConformance(
  "toykms",
  {
    traits: {
      aad: "bound",
      parts: ["iv", "wrappedKey"],
      unknownKeyId: "not-there/1",
    },
    open: () => open(valid),
    async foreignBlob(plaintext) {
      const other = await open(stanzaFor(otherKms));
      return other.wrap(plaintext);
    },
    secrets: [kms.token],
    configuration: {
      plugin,
      valid,
      required: ["address", "token", "key_name"],
      mistakes: [
        { wrong: "an address that is none", stanza: { ...valid, address: "kms" }, says: "https://kms.example.com" },
        { wrong: "a key name with a slash", stanza: { ...valid, key_name: "a/b" }, says: "key_name" },
        { wrong: "a token with a line break", stanza: { ...valid, token: "a\nb" }, says: "HTTP header" },
        { wrong: "a token file that is not there", stanza: { ...valid, token: "file:///no/such" }, says: "/no/such" },
      ],
    },
  },
  { describe, it, expect },
);
