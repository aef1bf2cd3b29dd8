import type { Outcome } from '../shared/outcome.ts';
import { whyLeftOut } from './left-out.ts';

/** Outcomes of the cases of one file. */
export interface FileReport {
  readonly path: string;
  readonly cases: readonly { readonly id: string; readonly outcome: Outcome }[];
  readonly milliseconds: number;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function count(reports: readonly FileReport[]): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { cases } of reports) for (const { outcome } of cases) counts[outcome.status]++;
  return counts;
}

/** The lines for one file: its counts, its failures, and why cases were skipped. */
export function describeFile(report: FileReport, verbose: boolean): string[] {
  const lines = [`${report.path}: ${sentence(count([report]))} (${(report.milliseconds / 1000).toFixed(1)} s)`];
  for (const [reason, ids] of reasons(report)) lines.push(`  skipped ${ids.length}: ${reason}`);
  for (const { id, outcome } of report.cases) {
    if (outcome.status !== 'failed') continue;
    lines.push(`  failed ${id}`);
    const shown = outcome.differences.slice(0, verbose ? 8 : 1);
    lines.push(...shown.map((difference) => `    ${verbose ? difference : difference.split('\n')[0]}`));
    if (verbose && outcome.differences.length > shown.length)
      lines.push(`    … and ${outcome.differences.length - shown.length} more`);
  }
  return lines;
}

/** The last lines: totals by folder and of all files. */
export function describeTotal(reports: readonly FileReport[]): string[] {
  const folders = new Map<string, FileReport[]>();
  for (const report of reports) {
    const folder = report.path.split('/').slice(0, -1).join('/') || '.';
    folders.set(folder, [...(folders.get(folder) ?? []), report]);
  }
  const lines = [...folders].map(([folder, files]) => `${folder}: ${sentence(count(files))}`);
  const named = reports.flatMap(({ path, cases }) => cases.filter(({ id }) => whyLeftOut(path, id) !== undefined));
  return ['', ...lines, `total: ${sentence(count(reports))}`, `left out by name: ${named.length}`];
}

function sentence({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function reasons({ cases }: FileReport): Map<string, string[]> {
  const byReason = new Map<string, string[]>();
  for (const { id, outcome } of cases)
    if (outcome.status === 'skipped') byReason.set(outcome.reason, [...(byReason.get(outcome.reason) ?? []), id]);
  return byReason;
}
