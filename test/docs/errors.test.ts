// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { CORE_ERRORS, CoreError, STORAGE_ERRORS, StorageError } from "@sealwright/core";
import { SEAL_ERRORS, SealError } from "@sealwright/seal";
import { describe, expect, it } from "vitest";
import { toHttpError } from "../../packages/server/src/http/problem.ts";

const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

function section(name: string): string[] {
  const between = new RegExp(`<!-- ${name}:begin -->\\n([\\s\\S]*?)<!-- ${name}:end -->`).exec(page)?.[1] ?? "";
  return between
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s+/g, " "));
}

function table(rows: readonly (readonly [code: string, status: number, advice: string])[]): string[] {
  return [
    "| code | status | what to do |",
    "| --- | --- | --- |",
    ...rows.map(([code, status, advice]) => `| \`${code}\` | ${status} | ${advice} |`),
  ];
}

describe("docs/errors.md", () => {
  it("lists every code of the core with its status and advice", () => {
    const codes = Object.keys(CORE_ERRORS) as (keyof typeof CORE_ERRORS)[];
    const rows = codes.map((code) => [code, toHttpError(new CoreError(code, "x")).status, CORE_ERRORS[code]] as const);
    expect(section("core")).toEqual(table(rows));
  });

  it("lists every code of seals with its status and advice", () => {
    const codes = Object.keys(SEAL_ERRORS) as (keyof typeof SEAL_ERRORS)[];
    const rows = codes.map(
      (code) => [code, toHttpError(new SealError(code, "x")).status, SEAL_ERRORS[code].advice] as const,
    );
    expect(section("seal")).toEqual(table(rows));
  });

  it("lists every code of storages with its status and advice", () => {
    const codes = Object.keys(STORAGE_ERRORS) as (keyof typeof STORAGE_ERRORS)[];
    const rows = codes.map(
      (code) => [code, toHttpError(new StorageError(code, "x")).status, STORAGE_ERRORS[code]] as const,
    );
    expect(section("storage")).toEqual(table(rows));
  });
});
