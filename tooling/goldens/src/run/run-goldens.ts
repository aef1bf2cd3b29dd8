import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '@tokenwright/core';
import { type Outcome, outcomeOf } from '../shared/outcome.ts';
import type { Golden, GoldenFile, Setting } from '../shared/suite.ts';
import { type GoldenEngine, goldenEngines } from './engines.ts';
import { goldenFiles } from './golden-files.ts';
import { whyLeftOut } from './left-out.ts';
import type { FileReport } from './report.ts';
import { schemas } from './schemas.ts';

export interface RunOptions {
  /** The folder of the goldens, or one inside it. */
  readonly root: string;
  readonly only?: RegExp | undefined;
  readonly engine: GoldenEngine;
  /** Called after each file. */
  readonly onFile?: (report: FileReport) => void;
}

/**
 * Run every golden file under a folder.
 *
 * @throws GoldensFolderError when there is no such folder, or no golden file in it.
 */
export async function runGoldens({ root: given, only, engine, onFile }: RunOptions): Promise<readonly FileReport[]> {
  let started: Promise<Engine> | undefined;
  const reports: FileReport[] = [];
  const { root, paths } = await goldenFiles(given);
  for (const path of paths) {
    const releases: (() => void)[] = [];
    const setting: Setting = {
      engine: () => (started ??= goldenEngines[engine].start()),
      onClose: (release) => releases.push(release),
    };
    const began = performance.now();
    const cases: { id: string; outcome: Outcome }[] = [];
    try {
      for (const golden of await casesIn(root, path, setting)) {
        if (only?.test(`${path} ${golden.id}`) === false) continue;
        const reason = whyLeftOut(path, golden.id);
        const outcome: Outcome =
          reason === undefined ? await outcomeOf(() => golden.run()) : { status: 'skipped', reason };
        cases.push({ id: golden.id, outcome });
      }
    } finally {
      for (const release of releases.reverse()) release();
    }
    if (cases.length === 0) continue;
    const report = { path, cases, milliseconds: performance.now() - began };
    reports.push(report);
    onFile?.(report);
  }
  await (await started)?.dispose();
  return reports;
}

/** The cases of a file. A file that cannot be read, or whose schema is unknown, is one failed case. */
async function casesIn(root: string, path: string, setting: Setting): Promise<readonly Golden[]> {
  try {
    const content: GoldenFile['content'] = JSON.parse(await readFile(join(root, path), 'utf8'));
    const open = schemas[content.schema];
    if (open === undefined) throw new TypeError(`no adapter reads the schema ${JSON.stringify(content.schema)}`);
    return open({ root, path, content }, setting);
  } catch (error) {
    return [{ id: 'file', run: () => [(error as Error).message] }];
  }
}
