import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../shared/outcome.ts';
import { runGoldens } from './run-goldens.ts';

/** A golden file of one class with one correct case; `change` makes it wrong. */
function planted(change: (golden: Record<string, unknown>) => void, file: Record<string, unknown> = {}): string {
  const golden: Record<string, unknown> = {
    id: 'case',
    source: {},
    params: { top_k: 2 },
    logits_ref: 'rand',
    input_ids: [[0]],
    output: [[3, '-Infinity', 2, '-Infinity']],
  };
  change(golden);
  const content = { schema: 'processors/v1', class: 'TopKLogitsWarper', logits: { rand: [[3, 1, 2, 0]] }, ...file };
  return JSON.stringify({ ...content, cases: [golden] });
}

const files: Readonly<Record<string, string>> = {
  'right.json': planted(() => {}),
  'wrong-value.json': planted((golden) => (golden.output = [[3, '-Infinity', 2.001, '-Infinity']])),
  'wrong-mask.json': planted((golden) => (golden.output = [[3, 1, 2, '-Infinity']])),
  'wrong-rows.json': planted((golden) => (golden.output = [])),
  'error-expected.json': planted((golden) => (golden.error = 'ValueError')),
  'unknown-parameter.json': planted((golden) => (golden.params = { top_k: 2, surprise: 1 })),
  'unknown-field.json': planted((golden) => (golden.surprise = 1)),
  'unknown-class.json': planted(() => {}, { class: 'SurpriseLogitsWarper' }),
  'unknown-schema.json': planted(() => {}, { schema: 'surprise/v1' }),
  'no-json.json': '{"schema": ',
  'no-cases.json': '{"schema": "processors/v1"}',
};

const only: Readonly<Record<string, RegExp>> = {
  'wrong-value.json': /expected 2.001, got 2/,
  'wrong-mask.json': /should stay 1, should go none/,
  'wrong-rows.json': /0 rows expected, got 1/,
  'error-expected.json': /an error was expected/,
  'unknown-parameter.json': /no adapter reads: surprise/,
  'unknown-field.json': /no adapter reads: surprise/,
  'unknown-class.json': /no adapter for the class SurpriseLogitsWarper/,
  'unknown-schema.json': /no adapter reads the schema "surprise\/v1"/,
  'no-json.json': /JSON/,
  'no-cases.json': /undefined/,
};

describe('the runner', () => {
  let root: string;
  const outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'goldens-'));
    mkdirSync(join(root, 'planted'));
    mkdirSync(join(root, 'empty'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'planted', name), content);
    for (const { path, cases } of await runGoldens({ root, engine: 'cpu' }))
      outcomes.set(path.replace('planted/', ''), cases[0]!.outcome);
  });
  it('resolves paths from a folder inside the goldens', async () => {
    const inside = join(root, 'processors', 'more');
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, 'right.json'), files['right.json']!);
    const paths = async (folder: string): Promise<string[]> =>
      (await runGoldens({ root: folder, engine: 'cpu', only: /processors/ })).map(({ path }) => path);
    expect(await paths(inside)).toEqual(['processors/more/right.json']);
    expect(await paths(root)).toEqual(['processors/more/right.json']);
    rmSync(join(root, 'processors'), { recursive: true });
  });

  afterAll(() => rmSync(root, { recursive: true }));

  it('passes a correct case', () => {
    expect(outcomes.get('right.json')).toEqual({ status: 'passed' });
  });

  it.each(Object.entries(only))('fails %s', (name, difference) => {
    const outcome = outcomes.get(name)!;
    expect(outcome.status).toBe('failed');
    expect(outcome.status === 'failed' && outcome.differences.join('\n')).toMatch(difference);
  });

  it.each([
    ['all', [], 1],
    ['the correct case alone', ['--only', 'right'], 0],
    ['nothing', ['--only', 'no such case'], 1],
    ['with an unknown argument', ['--onyl', 'right'], 2],
    ['a missing folder', [], 2, 'nowhere'],
    ['a file instead of a folder', [], 2, 'planted/right.json'],
    ['a folder without goldens', [], 2, 'empty'],
    ['a folder inside', ['--only', '^planted/right|^right'], 0, 'planted'],
  ] as const)('exits with the correct status: %s', (_, args, status, folder?: string) => {
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const run = spawnSync(
      process.execPath,
      ['--conditions=@tokenwright/source', main, join(root, folder ?? ''), ...args],
      {
        encoding: 'utf8',
      },
    );
    expect(run.stderr).not.toMatch(/\n\s+at /);
    expect(run.stderr + run.stdout).not.toBe('');
    expect(run.status).toBe(status);
  });
});
