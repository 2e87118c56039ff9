// SPDX-License-Identifier: Apache-2.0
import type { ServerConfig } from "../config/index.ts";
import type { ConfiguredSeal } from "../seals/configured-seals.ts";
import { VERSION } from "../version.ts";
import type { RunningServer } from "./server.ts";

const LABEL_WIDTH = 24;

type Line = readonly [string, string];

/** Vault's line where there is one auto seal; with several, one line for each, by name. */
function sealLines(seals: readonly ConfiguredSeal[]): Line[] {
  const auto = seals.filter(({ seal, failure }) => seal !== undefined || failure !== undefined);
  return auto.map(({ block, settings, failure }): Line => {
    const shown = settings.map(({ key, shown }) => `${key}: ${JSON.stringify(shown)}`).join(", ");
    if (auto.length === 1 && !block.disabled) return ["Auto Seal", `${block.type} (${shown})`];
    const state = block.disabled ? "disabled" : `priority: ${block.priority}`;
    const details = failure === undefined ? `${state}, ${shown}` : `${state}, not opened`;
    return [`Auto Seal "${block.name}"`, `${block.type} (${details})`];
  });
}

/** What a server shows of itself at start, laid out as Vault does. No secret is in it. */
export function banner(config: ServerConfig, server: RunningServer): string {
  const lines: Line[] = [
    ["Api Address", config.api_addr ?? server.urls[0] ?? ""],
    ...sealLines(server.seals.all),
    ...config.listener.map(
      (listener, index): Line => [
        `Listener ${index + 1}`,
        `${listener.type} (addr: "${server.urls[index]}", tls: "${listener.tls_disable ? "disabled" : "enabled"}")`,
      ],
    ),
    ["Log Level", config.log_level],
    ["Storage", config.storage.type],
    ["Version", `Sealwright v${VERSION}`],
  ];
  const body = lines.map(([label, value]) => `${`${label}:`.padStart(LABEL_WIDTH)} ${value}`);
  return ["==> Sealwright server configuration:", "", ...body, "", "==> Sealwright server started!", ""].join("\n");
}
