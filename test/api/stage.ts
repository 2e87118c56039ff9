// SPDX-License-Identifier: Apache-2.0
/** The server that a recording is replayed against: real storage, real seal, a real listener on the loopback. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SoftHsm, softHsm } from "@sealwright/testing/softhsm";
import { parseDocument, readConfig } from "../../packages/server/src/config/index.ts";
import { createLog } from "../../packages/server/src/runtime/log.ts";
import { type RunningServer, startServer } from "../../packages/server/src/runtime/server.ts";
import type { RecordingName } from "./recording.ts";

/** Whether the endpoints that rekey and generate root tokens without a token are served. */
export type Legacy = "served" | "not served";

interface SealSetup {
  readonly stanza: string;
  readonly env: NodeJS.ProcessEnv;
  readonly remove: () => Promise<void>;
}

const nothing = async (): Promise<void> => {};

function pkcs11Stanza(hsm: SoftHsm, lines: string): string {
  return `seal "pkcs11" {
  lib         = "${hsm.lib}"
  token_label = "${hsm.tokenLabel}"
  pin         = "${hsm.pin}"
  key_label   = "replay"
  key_id      = "0x01"
  ${lines}
}`;
}

const KEY = { label: "replay", id: "01" };

const SEALS: Readonly<Record<RecordingName, () => Promise<SealSetup>>> = {
  shamir: async () => ({ stanza: "", env: {}, remove: nothing }),
  static: async () => {
    const key = randomBytes(32).toString("hex");
    const stanza = `seal "static" {\n  current_key_id = "replay"\n  current_key = "${key}"\n}`;
    return { stanza, env: {}, remove: nothing };
  },
  pkcs11: async () => {
    const hsm = await softHsm();
    await hsm.addAesKey(KEY);
    return { stanza: pkcs11Stanza(hsm, 'mechanism = "CKM_AES_GCM"'), env: hsm.env, remove: () => hsm.stop() };
  },
  "pkcs11-rsa": async () => {
    const hsm = await softHsm();
    await hsm.addRsaKey(KEY);
    const lines = 'mechanism = "CKM_RSA_PKCS_OAEP"\n  rsa_oaep_hash = "sha1"';
    return { stanza: pkcs11Stanza(hsm, lines), env: hsm.env, remove: () => hsm.stop() };
  },
};

const silent = createLog({ level: "off", format: "standard", write: () => {} });

/** A server with a folder and a seal of its own. */
export class Stage {
  readonly #folder: string;
  readonly #seal: SealSetup;
  #server: RunningServer | undefined;

  private constructor(folder: string, seal: SealSetup) {
    this.#folder = folder;
    this.#seal = seal;
  }

  /** Prepares folder and seal. {@link remove} takes both away. */
  static async prepare(name: RecordingName): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), "replay-")), await SEALS[name]());
  }

  /** Where the server listens. */
  get url(): string {
    const url = this.#server?.urls[0];
    if (url === undefined) throw new Error("the server does not run");
    return url;
  }

  /** Starts the server on what its folder holds; with an auto seal and data, it is unsealed when this resolves. */
  async start(legacy: Legacy): Promise<void> {
    const disabled = legacy === "not served";
    const text = `storage "file" {
  path = "${join(this.#folder, "data")}"
}
listener "tcp" {
  address     = "127.0.0.1:0"
  tls_disable = true
  disable_unauthed_rekey_endpoints         = ${disabled}
  disable_unauthed_generate_root_endpoints = ${disabled}
}
${this.#seal.stanza}
`;
    const env = { ...process.env, ...this.#seal.env };
    this.#server = await startServer(readConfig([parseDocument(text, "replay.hcl")], env).config, env, silent);
    const { store, unsealer } = this.#server;
    if (store.autoSealed && (await store.status()).initialized) await unsealer.run();
  }

  /** Stops the server and starts it again on the same data. */
  async restart(legacy: Legacy): Promise<void> {
    await this.#stop();
    await this.start(legacy);
  }

  /** Starts anew without data. */
  async wipe(): Promise<void> {
    await this.#stop();
    await rm(join(this.#folder, "data"), { recursive: true, force: true });
    await this.start("served");
  }

  /** Stops the server and removes what {@link prepare} made. */
  async remove(): Promise<void> {
    await this.#stop();
    await this.#seal.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }
}
