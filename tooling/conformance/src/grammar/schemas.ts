import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Schema } from '@tokenwright/grammar';

export interface NamedSchema {
  readonly id: string;
  readonly schema: Schema;
}

/** The schemas of a folder of `NAME.jsonl.br`, in an order that the seed decides. */
export function shuffledSchemas(folder: string, seed: number): NamedSchema[] {
  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl.br'))
    .sort()
    .flatMap((name) => {
      const text = brotliDecompressSync(readFileSync(join(folder, name)))
        .toString('utf8')
        .trim();
      return text.split('\n').map((line) => JSON.parse(line) as NamedSchema);
    });
  let state = seed;
  for (let last = all.length - 1; last > 0; last--) {
    // Numerical Recipes' generator: the same order everywhere.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [all[last], all[other]] = [all[other]!, all[last]!];
  }
  return all;
}
