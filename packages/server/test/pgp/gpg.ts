// SPDX-License-Identifier: Apache-2.0
/** The real `gpg` in a home of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What `gpg --quick-generate-key` takes. */
export type Algorithm = "rsa2048" | "future-default";

export class Gpg {
  // Short: the path of the agent's socket has at most 107 bytes.
  readonly #home = mkdtempSync(join(tmpdir(), "sw-gpg-"));

  /** Makes a key for `name`; its fingerprint in lower-case hex. `expires` is gpg's, such as `1d` or `seconds=1`. */
  generate(name: string, algorithm: Algorithm, expires = "never"): string {
    this.#run(["--passphrase", "", "--quick-generate-key", name, algorithm, "default", expires]);
    const fingerprint = this.fingerprint(name);
    // Only `future-default` brings a subkey for encryption along.
    if (algorithm === "rsa2048") {
      this.#run(["--passphrase", "", "--quick-add-key", fingerprint.toUpperCase(), algorithm, "encr", expires]);
    }
    return fingerprint;
  }

  /** A key that signs and cannot encrypt. */
  generateSigner(name: string): string {
    this.#run(["--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", "never"]);
    return this.fingerprint(name);
  }

  fingerprint(name: string): string {
    const lines = this.#run(["--with-colons", "--list-keys", `=${name}`]).toString();
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(lines)?.[1];
    if (fingerprint === undefined) throw new Error(`gpg has no key of ${name}`);
    return fingerprint.toLowerCase();
  }

  /** The public key, binary or as text, in base64. */
  export(name: string, form: "binary" | "armored" = "binary"): string {
    return this.#run([...(form === "armored" ? ["--armor"] : []), "--export", `=${name}`]).toString("base64");
  }

  exportSecret(name: string): string {
    return this.#run(["--export-secret-keys", `=${name}`]).toString("base64");
  }

  /** The revoked public key in base64. */
  revoke(name: string): string {
    const certificate = this.#run(["--gen-revoke", `=${name}`], "y\n0\n\ny\n", ["--command-fd", "0", "--no-tty"]);
    this.#run(["--import"], certificate);
    return this.export(name);
  }

  /** What the message in base64 holds. */
  decrypt(message: string): string {
    return this.#run(["--decrypt"], Buffer.from(message, "base64")).toString();
  }

  stop(): void {
    execFileSync("gpgconf", ["--homedir", this.#home, "--kill", "all"], { stdio: "ignore" });
    rmSync(this.#home, { recursive: true, force: true });
  }

  #run(args: readonly string[], input?: string | Buffer, mode: readonly string[] = ["--batch"]): Buffer {
    const common = [
      "--homedir",
      this.#home,
      "--quiet",
      "--yes",
      "--pinentry-mode",
      "loopback",
      "--trust-model",
      "always",
    ];
    return execFileSync("gpg", [...common, ...mode, ...args], {
      ...(input === undefined ? {} : { input }),
      stdio: ["pipe", "pipe", "ignore"],
    });
  }
}
