import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folder, openWeights } from '@tokenwright/loaders';
import { describe, expect, it } from 'vitest';
import { type GenerateCase, unpadded } from '../generate/decoding/case.ts';
import { goldensFolder } from '../run/goldens-folder.ts';
import { toRow } from '../shared/numbers.ts';
import type { Json, Vector } from './plain/arithmetic.ts';
import { llama } from './plain/llama.ts';

const root = goldensFolder();

/** Checks the method: the float64 form agrees with Hugging Face's logits where they are recorded. */
describe.skipIf(root === undefined).each(['llama-tiny', 'llama-tiny-4l'])('the float64 form of %s', (name) => {
  it("gives Hugging Face's logits", async () => {
    const path = join(root!, 'generate', name);
    const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(path, file), 'utf8'));
    const config = (await json('config.json')) as Json;
    const source = await openWeights(folder(path));
    const tensors = new Map<string, Vector>();
    for (const tensor of source.names()) tensors.set(tensor, Float64Array.from(await source.read(tensor)));

    const cases = ((await json('cases.json')) as { cases: GenerateCase[] }).cases.filter(
      ({ kind }) => kind === 'forward',
    );
    let compared = 0;
    for (const golden of cases)
      for (const [row, ids] of unpadded(golden).entries()) {
        const logits = llama(config, (tensor) => tensors.get(tensor)!, ids);
        const compare = (expected: unknown, position: number, tolerance: number): void => {
          const wanted = toRow(expected as unknown[]);
          const difference = Math.max(...wanted.map((value, i) => Math.abs(value - logits.at(position)![i]!)));
          expect(difference, `${golden.id}, row ${row}, position ${position}`).toBeLessThan(tolerance);
          compared++;
        };
        for (let position = 0; position < ids.length; position++) {
          // Hugging Face's float64 run still computes norms and angles in float32.
          for (const [key, tolerance] of [
            ['logits', 2e-5],
            ['logits_float64', 4e-6],
          ] as const) {
            const rows = golden[key] as unknown[][][] | null | undefined;
            if (rows) compare(rows[row]![position], position, tolerance);
          }
        }
        const last = golden.logits_last as unknown[] | undefined;
        if (last) compare(last[row], -1, 2e-5);
      }
    expect(compared).toBeGreaterThan(3);
  });
});
