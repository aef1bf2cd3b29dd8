import { fusedWasm } from '@tokenwright/backends/wasm';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { expect, it } from 'vitest';
import { describeShared } from '../shared-data.ts';
import { type DocumentsOptions, type Tally, writeDocuments } from './documents.ts';
import { shuffledSchemas } from './schemas.ts';

/** Seed of the order of the schemas. */
const seed = 2026;

/** Every document of the demo model that ends conforms to its schema, by the judgment of Ajv. */
export function describeDocuments({ count, maxNewTokens }: DocumentsOptions): void {
  describeShared(`${count} documents of the demo model`, 'schemas/maskbench', (folder) => {
    it('conform to their schemas', async () => {
      const engine = await fusedWasm({ threads: 1 }).start();
      const loaded = await load(demoModel('story'), { engine });
      const report = (tally: Tally): void => {
        process.stderr.write(`${JSON.stringify(tally)}\n`);
      };
      const tally = await writeDocuments(loaded, shuffledSchemas(folder, seed), {
        count,
        maxNewTokens,
        onProgress: report,
      });
      report(tally);
      expect(tally.invalid).toEqual([]);
      expect(tally.limited.length).toBeLessThan(count / 100);
      expect(tally.complete).toBeGreaterThan(count / 3);
      loaded.dispose();
      await engine.dispose();
    }, 7_200_000);
  });
}
