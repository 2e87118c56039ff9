// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "../http/client.ts";
import { objectField } from "../http/fields.ts";
import type { Io } from "../io.ts";
import { type Format, show } from "../output/format.ts";
import { isObject } from "../output/json-text.ts";
import { titledPath, titledTable } from "./kv-secret.ts";
import { secretResult } from "./secret.ts";

/** A KV version 2 secret's settings, then each version, the oldest first. */
export function showMetadata(io: Io, format: Format, path: string, answer: Answer): void {
  show(io, format, { ...secretResult(answer), table: () => metadataText(path, answer) });
}

function metadataText(path: string, { body }: Answer): string {
  const { versions, ...settings } = objectField(body, "data") ?? {};
  const numbered = Object.entries(isObject(versions) ? versions : {}).sort(([a], [b]) => Number(a) - Number(b));
  return [
    titledPath("Metadata Path", path),
    titledTable("Metadata", settings),
    ...numbered.map(([number, version]) => titledTable(`Version ${number}`, isObject(version) ? version : {})),
  ].join("\n\n");
}
