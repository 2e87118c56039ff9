// SPDX-License-Identifier: Apache-2.0
/** The tables of docs/configuration.md, made from the declarations that check the files. */
import { auditFile } from "./audit.ts";
import { general, telemetry } from "./general.ts";
import { listener, listenerTelemetry } from "./listener.ts";
import { plugin } from "./plugin.ts";
import { anySeal } from "./seal.ts";
import type { Section, Setting } from "./section.ts";
import { storages } from "./storage.ts";

/** Every section by the name that the documentation gives it. */
export const sections: Readonly<Record<string, Section>> = {
  general,
  "storage lmdb": storages.lmdb,
  "storage file": storages.file,
  "storage inmem": storages.inmem,
  listener,
  "listener telemetry": listenerTelemetry,
  seal: anySeal,
  plugin,
  telemetry,
  "audit file": auditFile,
};

/** What a section takes, as a Markdown table; empty where it takes nothing. */
export function settingsTable(section: Section): string {
  const rows = Object.entries<Setting>(section.settings).map(([key, setting]) => {
    const standard = setting.default === undefined ? "–" : `\`${setting.default}\``;
    const { variable } = setting;
    const variables = variable === undefined ? "–" : `\`BAO_${variable}\`, \`VAULT_${variable}\``;
    return `| \`${key}\` | ${standard} | ${variables} | ${setting.doc} |`;
  });
  return rows.length === 0
    ? ""
    : ["| key | default | variable | what it is |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** What a section accepts without effect, as a Markdown table; empty where there is nothing. */
export function ignoredTable(section: Section): string {
  const rows = Object.entries(section.ignored).map(([key, why]) => `| \`${key}\` | ${why} |`);
  return rows.length === 0 ? "" : ["| accepted, no effect | why |", "| --- | --- |", ...rows].join("\n");
}
