// SPDX-License-Identifier: Apache-2.0
/** Files that settings name, read when a seal is opened: a wrong path is told at the start. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { SealError } from "./errors.ts";

/** Where a file is named: the seal's type and the setting. */
export interface FileSetting {
  readonly seal: string;
  readonly setting: string;
}

/** The file or folder `path` cannot be read: `SEAL_CONFIG`. `cause` is what Node said. */
export function unreadableFile({ seal, setting }: FileSetting, path: string, cause: unknown): SealError {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
  const message = `seal ${JSON.stringify(seal)}: ${setting} names ${path}, which cannot be read (${reason})`;
  return new SealError("SEAL_CONFIG", message, { cause });
}

/** The text of the file that a setting names. Throws `SEAL_CONFIG` where it cannot be read. */
export function readTextFile(where: FileSetting, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw unreadableFile(where, path, cause);
  }
}

/** The certificates, as PEM, of the file that a setting names. Throws `SEAL_CONFIG` where it holds none. */
export function readCertificates(where: FileSetting, path: string): string {
  const pem = readTextFile(where, path);
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    const message = `seal ${JSON.stringify(where.seal)}: ${where.setting}: ${path} holds no certificate in PEM form`;
    throw new SealError("SEAL_CONFIG", message);
  }
}
