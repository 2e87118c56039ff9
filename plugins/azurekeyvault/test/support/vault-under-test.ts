// SPDX-License-Identifier: Apache-2.0
/**
 * The vault that the conformance suite runs against: ours, or another emulator where `SEALWRIGHT_KEYVAULT_URL` names one,
 * with the PEM file of its authority in `SEALWRIGHT_KEYVAULT_CA`. That one must take the tokens of our directory.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClientSecretCredential } from "@azure/identity";
import { KeyClient } from "@azure/keyvault-keys";
import type { Stanza } from "@sealwright/seal";
import { type KeyVaultServer, startKeyVault } from "@sealwright/testing/key-vault";

export interface VaultUnderTest {
  /** A stanza that works. */
  readonly stanza: Stanza;
  /** The same with another key. */
  readonly otherStanza: Stanza;
  stop(): Promise<void>;
}

const { SEALWRIGHT_KEYVAULT_URL: emulatorUrl, SEALWRIGHT_KEYVAULT_CA: emulatorCa } = process.env;

async function ofOurs(server: KeyVaultServer): Promise<VaultUnderTest> {
  await server.keys.create("other", { kty: "RSA" });
  const { config: stanza } = server;
  return { stanza, otherStanza: { ...stanza, key_name: "other" }, stop: server.stop };
}

/** Makes keys called `names` at the emulator, whose authority is in `ca`. */
async function createKeys(url: string, names: readonly string[], server: KeyVaultServer, ca: string): Promise<void> {
  // Whatever directory the emulator points to, this one's token has to do.
  const { clientId, clientSecret } = server.admin;
  const login = { authorityHost: server.authorityHost, disableInstanceDiscovery: true, tlsOptions: { ca } };
  const directory = new ClientSecretCredential(server.tenantId, clientId, clientSecret, login);
  const credential = { getToken: () => directory.getToken("https://vault.azure.net/.default") };
  const client = new KeyClient(url, credential, { disableChallengeResourceVerification: true, tlsOptions: { ca } });
  for (const name of names) await client.createKey(name, "RSA", { keySize: 2048 });
}

async function ofEmulator(url: string, server: KeyVaultServer): Promise<VaultUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "sealwright-emulator-"));
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ca = `${server.authority.ca}${emulatorCa === undefined ? "" : await readFile(emulatorCa, "utf8")}`;
    const caFile = join(folder, "ca.pem");
    await writeFile(caFile, ca);
    const names = [0, 1].map(() => `sealwright-${randomBytes(6).toString("hex")}`);
    await createKeys(url, names, server, ca);
    const settings = { ...server.config, vault_url: url, tls_ca_cert: caFile };
    const [stanza = {}, otherStanza = {}] = names.map((key_name) => ({ ...settings, key_name }));
    return { stanza, otherStanza, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function startVaultUnderTest(): Promise<VaultUnderTest> {
  const server = await startKeyVault();
  return emulatorUrl === undefined ? ofOurs(server) : ofEmulator(emulatorUrl, server);
}
