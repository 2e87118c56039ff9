// SPDX-License-Identifier: Apache-2.0
import { ExactNumber, membersOf, sortMembers } from "./json-text.ts";

/** A value as a YAML 1.1 document with sorted keys, as Go's yaml library writes it; ends with a newline. */
export function toYaml(value: unknown): string {
  return isCollection(value) ? `${block(value, "")}\n` : `${scalar(value)}\n`;
}

function block(value: unknown, indent: string): string {
  if (Array.isArray(value)) return value.map((item) => `${indent}- ${listItem(item, indent)}`).join("\n");
  return sortMembers(membersOf(value) ?? [])
    .map(([key, member]) => `${indent}${scalar(key)}:${memberText(member, indent)}`)
    .join("\n");
}

function listItem(item: unknown, indent: string): string {
  return isCollection(item) ? block(item, `${indent}  `).trimStart() : scalar(item);
}

function memberText(member: unknown, indent: string): string {
  if (!isCollection(member)) return ` ${scalar(member)}`;
  return `\n${block(member, Array.isArray(member) ? indent : `${indent}  `)}`;
}

function isCollection(value: unknown): boolean {
  return (Array.isArray(value) ? value.length : (membersOf(value)?.length ?? 0)) > 0;
}

function scalar(value: unknown): string {
  if (Array.isArray(value)) return "[]";
  if (membersOf(value) !== undefined) return "{}";
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === "string") return needsQuotes(value) ? JSON.stringify(value) : value;
  return String(value ?? null);
}

// What YAML 1.1 would read as something else than a text.
const WORD_WITH_MEANING = /^(~|null|true|false|yes|no|on|off|y|n|<<|\.nan|[-+]?\.inf)$/i;
const NUMBER_LIKE = /^[-+]?[.\d][\d_,:.eExXa-fA-FoOT+\-Z ]*$/;
const INDICATOR = /^[-?:,[\]{}#&*!|>'"%@`\s]|^(---|\.\.\.)|: |:$| #|\s$|[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/;

function needsQuotes(text: string): boolean {
  if (text === "" || WORD_WITH_MEANING.test(text) || INDICATOR.test(text)) return true;
  return NUMBER_LIKE.test(text) && !/^\d+\.\d+\.\d+[^T:]*$/.test(text);
}
