import '@tensorflow/tfjs-backend-cpu';
import { referenceEngine } from '@tokenwright/core/reference';
import { engineCases } from '@tokenwright/core/testing';
import { describe, it } from 'vitest';
import { hasWebgpu, startWebgpu } from './testing/start.ts';

const here = await hasWebgpu();

// A software driver takes about a second to compile each kernel, so this is not part of every run.
describe.skipIf(!here)('the contract of engines', () => {
  const judge = () => referenceEngine({ backend: 'cpu' });
  for (const { name, run } of engineCases(startWebgpu, { judge, longRun: 50 })) it(name, run, 300_000);
});

describe.skipIf(!here)('the contract of engines with batchInvariant: false', () => {
  const judge = () => referenceEngine({ backend: 'cpu' });
  const start = () => startWebgpu({ batchInvariant: false });
  for (const { name, run } of engineCases(start, { judge, longRun: 50 })) it(name, run, 300_000);
});

describe.skipIf(!here).each(['f16', '8-bit'] as const)('with an %s cache', (cache) => {
  const judge = () => referenceEngine({ backend: 'cpu' });
  for (const { name, run } of engineCases(() => startWebgpu({ cache }), { judge, models: [] })) it(name, run, 300_000);
});
