// SPDX-License-Identifier: Apache-2.0
/** How `seal doctor` shows what it found. */
import type { SealReport } from "@sealwright/server";
import { columns, type Row, table } from "../output/table.ts";

type Status = SealReport["checks"][number]["status"];

const WORST_FIRST: readonly Status[] = ["failed", "warning"];

/** The worst of all checks. */
export function worstStatus(reports: readonly SealReport[]): Status {
  const found = new Set(reports.flatMap(({ checks }) => checks.map(({ status }) => status)));
  return WORST_FIRST.find((status) => found.has(status)) ?? "ok";
}

function milliseconds(duration: number): string {
  return `${duration.toFixed(duration < 10 ? 2 : 0)} ms`;
}

function timingRows({ timings }: SealReport): Row[] {
  if (timings === undefined) return [];
  const { wrap, unwrap } = timings;
  return [
    ["wrap", milliseconds(wrap.median), milliseconds(wrap.slowest)],
    ["unwrap", milliseconds(unwrap.median), milliseconds(unwrap.slowest)],
  ];
}

function sealSections(report: SealReport): string[] {
  const timings = timingRows(report);
  return [
    `Seal "${report.name}" (${report.type})`,
    ...report.sheets.map(({ title, facts }) => `${title}\n${columns(facts.map(([name, value]) => [name, value]))}`),
    ...(timings.length === 0 ? [] : [table([`${report.timings?.calls} calls`, "Median", "Slowest"], timings)]),
  ];
}

/** An error's sentence and its advice, which both begin with a small letter, as two. */
function sentences({ what, advice }: SealReport["checks"][number]): string {
  return advice === undefined ? what : `${what}. ${advice.charAt(0).toUpperCase()}${advice.slice(1)}`;
}

/** Facts and timings of each seal, then one table of all checks. No newline at the end. */
export function doctorView(reports: readonly SealReport[]): string {
  const checks = reports.flatMap(({ name, checks }) =>
    checks.map((check): Row => [check.status, name, sentences(check)]),
  );
  return [...reports.flatMap(sealSections), table(["Check", "Seal", "What, and what to do"], checks)].join("\n\n");
}
