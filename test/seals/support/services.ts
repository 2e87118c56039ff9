// SPDX-License-Identifier: Apache-2.0
/** Key services for tests of several seals: real parts that can be taken away and given back. */
import { openIsolated } from "@sealwright/isolation";
import { plugin as awskms } from "@sealwright/plugin-awskms";
import { plugin as gcpckms } from "@sealwright/plugin-gcpckms";
import { plugin as pkcs11 } from "@sealwright/plugin-pkcs11";
import { plugin as staticPlugin } from "@sealwright/plugin-static";
import { type AutoSealPlugin, resolveConfig, type Seal, type Stanza } from "@sealwright/seal";
import { quietEnvironment } from "@sealwright/testing";
import { type CloudKms, startCloudKms } from "@sealwright/testing/cloud-kms";
import { type LocalStack, startLocalStack } from "@sealwright/testing/localstack";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";

/** What holds a key. It stays when stores come and go. */
export interface Service {
  /** What its seal is called. */
  readonly name: string;
  /** A new seal over the key; the caller closes it. */
  open(): Promise<Seal>;
  /** Takes the service away, as if its host were gone. */
  down(): Promise<void>;
  /** Gives it back. It may have been there all the time. */
  up(): Promise<void>;
}

/** A {@link Service} that runs somewhere, with its harness. */
export interface Running<Harness> extends Service {
  readonly harness: Harness;
  stop(): Promise<void>;
}

/** A seal of `plugin` from a stanza, without the environment, in this process. */
export async function openHere(plugin: AutoSealPlugin, stanza: Stanza): Promise<Seal> {
  return plugin.open(resolveConfig(plugin.type, plugin.config, stanza, {}).config, quietEnvironment);
}

/** The key of the HSM. */
export const HSM_KEY = { label: "unseal-key", id: "01" };

/** A SoftHSM token with an AES key, its library in a process of its own. */
export async function startHsm(name = "hsm"): Promise<Running<SoftHsm>> {
  const harness = await softHsm();
  await harness.addAesKey(HSM_KEY);
  const { lib, tokenLabel, pin, env } = harness;
  const stanza = { lib, token_label: tokenLabel, pin, key_label: HSM_KEY.label, mechanism: "CKM_AES_GCM" };
  const { config } = resolveConfig("pkcs11", pkcs11.config, stanza, {});
  let plugIn: (() => Promise<void>) | undefined;
  return {
    name,
    harness,
    open: async () =>
      openIsolated({
        type: "pkcs11",
        module: "@sealwright/plugin-pkcs11",
        config,
        env: { ...process.env, ...env },
        withhold: [],
        maxParallel: 1,
        log: () => {},
      }),
    async down() {
      plugIn ??= await harness.unplug();
    },
    async up() {
      await plugIn?.();
      plugIn = undefined;
    },
    stop: () => harness.stop(),
  };
}

/** LocalStack with a key of AWS KMS's. */
export async function startAws(name = "aws"): Promise<Running<LocalStack>> {
  const harness = await startLocalStack();
  const { endpoint, region, key } = harness;
  const stanza = { region, kms_key_id: key.id, endpoint, access_key: "test", secret_key: "test" };
  return { name, harness, open: () => openHere(awskms, stanza), ...switched(harness), stop: () => harness.stop() };
}

/** A seal over the key of `kms`. */
export function openGcp({ config }: CloudKms): Promise<Seal> {
  return openHere(gcpckms, { ...config });
}

/** Our server of Google Cloud KMS. */
export async function startGcp(name = "gcp"): Promise<Running<CloudKms>> {
  const harness = await startCloudKms();
  return { name, harness, open: () => openGcp(harness), ...switched(harness), stop: () => harness.stop() };
}

/** `down` and `up` of a harness that knows the state by other names, and does not take either twice. */
function switched({ offline, online }: Pick<LocalStack, "offline" | "online">): Pick<Service, "down" | "up"> {
  let away = false;
  return {
    async down() {
      if (away) return;
      away = true;
      await offline();
    },
    async up() {
      if (!away) return;
      away = false;
      await online();
    },
  };
}

/** A key in the configuration: 32 bytes of `byte`. Nothing can take it away. */
export function keyFile(name: string, byte: number): Pick<Service, "name" | "open"> {
  const stanza = { current_key: Buffer.alloc(32, byte).toString("hex"), current_key_id: name };
  return { name, open: () => openHere(staticPlugin, stanza) };
}

/** A service with one seal for all who open it. */
export interface InUse<Harness> extends Running<Harness> {
  /** Closes that seal. */
  close(): Promise<void>;
}

/** `service` with one seal for all who open it, as quick as a seal in use. */
export async function inUse<Harness>(service: Running<Harness>): Promise<InUse<Harness>> {
  const seal = await service.open();
  const lent: Seal = {
    type: seal.type,
    wrap: (plaintext, call) => seal.wrap(plaintext, call),
    unwrap: (blob, call) => seal.unwrap(blob, call),
    close: async () => {},
  };
  return { ...service, open: async () => lent, close: () => seal.close() };
}
