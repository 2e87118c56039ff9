// SPDX-License-Identifier: Apache-2.0
import { isObject, type JsonObject } from "../output/json-text.ts";

/** A text of an answer; empty when absent. */
export function textField(body: JsonObject, name: string): string {
  const value = body[name];
  return value === undefined || value === null ? "" : String(value);
}

/** A number of an answer; 0 when absent. */
export function numberField(body: JsonObject, name: string): number {
  return Number(body[name] ?? 0);
}

/** A boolean of an answer; false when absent. */
export function booleanField(body: JsonObject, name: string): boolean {
  return body[name] === true;
}

/** A list of an answer; empty when absent. */
export function listField(body: JsonObject, name: string): readonly unknown[] {
  const value = body[name];
  return Array.isArray(value) ? value : [];
}

/** An object of an answer; undefined when absent. */
export function objectField(body: JsonObject, name: string): JsonObject | undefined {
  const value = body[name];
  return isObject(value) ? value : undefined;
}
