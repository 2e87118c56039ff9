// SPDX-License-Identifier: Apache-2.0
import { describeSealConformance } from "@sealwright/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plugin } from "../src/index.ts";
import { openSeal, type RemoteServer, startRemote } from "./support/remote-server.ts";

let remote: RemoteServer;
const valid = { address: "http://127.0.0.1:8200", token: "s.secret-token", mount_path: "transit/", key_name: "key" };

beforeAll(async () => {
  remote = await startRemote();
  await remote.ask("POST", "sys/mounts/other", { body: { type: "transit" } });
});
afterAll(() => remote.server.stop());

describeSealConformance(
  "transit",
  {
    traits: { aad: "refused", parts: [], unknownKeyId: "v99" },
    open: () => openSeal(remote.stanza),
    async foreignBlob(plaintext) {
      const other = await openSeal({ ...remote.stanza, token: remote.rootToken, mount_path: "other" });
      try {
        return await other.wrap(plaintext);
      } finally {
        await other.close();
      }
    },
    secrets: ["s.secret-token"],
    configuration: {
      plugin,
      valid,
      required: ["token", "mount_path", "key_name"],
      mistakes: [
        { wrong: "an empty token", stanza: { ...valid, token: "" }, says: "token is required" },
        { wrong: "a token of two lines", stanza: { ...valid, token: "a\nb" }, says: "no HTTP header can carry" },
        { wrong: "an address without a scheme", stanza: { ...valid, address: "vault:8200" }, says: "https://vault" },
        {
          wrong: "an address of another scheme",
          stanza: { ...valid, address: "unix:///run/x" },
          says: "https://vault",
        },
        { wrong: "an address with a password", stanza: { ...valid, address: "https://a:b@c" }, says: "https://vault" },
        { wrong: "an address with a query", stanza: { ...valid, address: "https://a?b" }, says: "https://vault" },
        { wrong: "a mount path that leads elsewhere", stanza: { ...valid, mount_path: "../sys" }, says: "mount_path" },
        { wrong: "a mount path of slashes", stanza: { ...valid, mount_path: "//" }, says: "mount_path" },
        { wrong: "a key name with a slash", stanza: { ...valid, key_name: "a/config" }, says: "key_name" },
        { wrong: "a key name that ends in a dot", stanza: { ...valid, key_name: "a." }, says: "key_name" },
        { wrong: "a namespace with a line break", stanza: { ...valid, namespace: "a\r\nb" }, says: "namespace" },
        { wrong: "a renewal that is no boolean", stanza: { ...valid, disable_renewal: "no" }, says: "true or false" },
        { wrong: "an authority that is not there", stanza: { ...valid, tls_ca_cert: "/no/such" }, says: "/no/such" },
        { wrong: "a folder that is not there", stanza: { ...valid, tls_ca_path: "/no/folder" }, says: "/no/folder" },
        {
          wrong: "an authority that is no certificate",
          stanza: { ...valid, tls_ca_cert: import.meta.filename },
          says: "holds no certificate",
        },
        {
          wrong: "a certificate without its key",
          stanza: { ...valid, tls_client_cert: "/c" },
          says: "without tls_client_key",
        },
        {
          wrong: "a key without its certificate",
          stanza: { ...valid, tls_client_key: "/k" },
          says: "without tls_client_cert",
        },
        {
          wrong: "a certificate that is none",
          stanza: { ...valid, tls_client_cert: import.meta.filename, tls_client_key: import.meta.filename },
          says: "not a certificate in PEM form and its key",
        },
      ],
    },
  },
  { describe, it, expect },
);
