// SPDX-License-Identifier: Apache-2.0
import type { ServerConfig } from "../config/index.ts";
import { VERSION } from "../version.ts";
import type { RunningServer } from "./server.ts";

const LABEL_WIDTH = 24;

/** What a server shows of itself at start, laid out as Vault does. No secret is in it. */
export function banner(config: ServerConfig, server: RunningServer): string {
  const { type, settings } = server.seal;
  const shown = settings.map(({ key, shown }) => `${key}: ${JSON.stringify(shown)}`).join(", ");
  const lines: [string, string][] = [
    ["Api Address", config.api_addr ?? server.urls[0] ?? ""],
    ...(server.store.autoSealed ? [["Auto Seal", `${type} (${shown})`] as [string, string]] : []),
    ...config.listener.map((listener, index): [string, string] => [
      `Listener ${index + 1}`,
      `${listener.type} (addr: "${server.urls[index]}", tls: "${listener.tls_disable ? "disabled" : "enabled"}")`,
    ]),
    ["Log Level", config.log_level],
    ["Storage", config.storage.type],
    ["Version", `Sealwright v${VERSION}`],
  ];
  const body = lines.map(([label, value]) => `${`${label}:`.padStart(LABEL_WIDTH)} ${value}`);
  return ["==> Sealwright server configuration:", "", ...body, "", "==> Sealwright server started!", ""].join("\n");
}
