import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { tfjs } from '@tokenwright/backends';
import type { Engine } from '@tokenwright/core';
import { whyLeftOut } from './left-out.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { FileReport } from './report.ts';
import { schemas } from './schemas.ts';
import type { GoldenFile, Setting } from './suite.ts';

export interface RunOptions {
  /** The folder of the goldens. */
  readonly root: string;
  readonly only?: RegExp | undefined;
  readonly engine: 'cpu' | 'wasm';
  /** Called after each file. */
  readonly onFile?: (report: FileReport) => void;
}

/** Run every golden file under a folder. */
export async function runGoldens({ root, only, engine, onFile }: RunOptions): Promise<readonly FileReport[]> {
  let started: Promise<Engine> | undefined;
  const reports: FileReport[] = [];
  for (const path of await goldenFiles(root)) {
    const releases: (() => void)[] = [];
    const setting: Setting = {
      engine: () => (started ??= tfjs({ backend: engine }).start()),
      onClose: (release) => releases.push(release),
    };
    const began = performance.now();
    const cases: { id: string; outcome: Outcome }[] = [];
    try {
      const file = await readGolden(root, path);
      for (const golden of openFile(file, setting)) {
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
  return reports;
}

/** The cases of a file. A schema that nobody reads is one case that fails. */
function openFile(file: GoldenFile, setting: Setting): ReturnType<(typeof schemas)[string]> {
  const open = schemas[file.content.schema];
  if (open !== undefined) return open(file, setting);
  return [{ id: 'schema', run: () => [`no adapter reads the schema ${JSON.stringify(file.content.schema)}`] }];
}

async function readGolden(root: string, path: string): Promise<GoldenFile> {
  return { root, path, content: JSON.parse(await readFile(join(root, path), 'utf8')) };
}

/** Every JSON file but those that belong to a model. */
async function goldenFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true });
  return entries
    .filter((entry) => entry.endsWith('.json') && !/(^|[\\/])(generation_)?config\.json$/.test(entry))
    .map((entry) => relative(root, join(root, entry)).split(sep).join('/'))
    .sort();
}
