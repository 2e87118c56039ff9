// SPDX-License-Identifier: Apache-2.0
/** The operator's log: pino, as JSON or as lines for people. */
import { pino } from "pino";

/** What may stand beside a message. Never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | bigint | undefined>>;

/** One line at a level; `cause` is printed with its stack at debug, and as its message otherwise. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

interface LogOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "off";
  readonly format: "standard" | "json";
  readonly write: (line: string) => void;
}

const LEVELS: Readonly<Record<number, string>> = { 10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR" };
const OWN_FIELDS = new Set(["level", "time", "msg"]);

/** `2026-11-21T05:06:07.089Z [INFO]  message: key=value`. */
function forPeople(json: string): string {
  const record = JSON.parse(json) as Record<string, unknown> & { level: number; time: string; msg: string };
  const fields = Object.entries(record)
    .filter(([key]) => !OWN_FIELDS.has(key))
    .map(
      ([key, value]) => `${key}=${typeof value === "string" && /[\s"]/.test(value) ? JSON.stringify(value) : value}`,
    );
  const level = `[${LEVELS[record.level] ?? record.level}]`.padEnd(7);
  return `${record.time} ${level} ${record.msg}${fields.length === 0 ? "" : `: ${fields.join(" ")}`}\n`;
}

/** A log that writes each line at once. */
export function createLog({ level, format, write }: LogOptions): Log {
  const logger = pino(
    {
      base: null,
      level: level === "off" ? "silent" : level,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
    },
    { write: (line: string) => write(format === "json" ? line : forPeople(line)) },
  );
  const at =
    (name: "debug" | "info" | "warn" | "error") =>
    (message: string, fields: LogFields = {}) => {
      const shown = Object.entries(fields).map(([key, value]) => [
        key,
        typeof value === "bigint" ? value.toString() : value,
      ]);
      logger[name](Object.fromEntries(shown), message);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
