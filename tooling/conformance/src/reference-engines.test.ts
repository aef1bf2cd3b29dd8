import { createModel } from '@tokenwright/core/model';
import { engineCases, seededWeights, tinyModels } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import { testEngine } from './engines.ts';
import { installWebgpu } from './webgpu-node.ts';

const judge = async () => (await testEngine('cpu'))!;

describe('the reference engine on wasm', () => {
  const cases = engineCases(async () => (await testEngine('wasm'))!, { judge, kinds: ['static', 'dynamic'] });
  for (const { name, run } of cases) test(name, run, 60_000);
});

// A software GPU takes about 50 ms per step, so each kind of frame is tested once per model; `pnpm test:full` runs all.
const short =
  /judge's logits|recorded and replayed|cache gives the logits|gather|truncate|not finite|nothing on the engine/;

describe.skipIf((await installWebgpu()) === undefined)('the reference engine on WebGPU', () => {
  const cases = engineCases(async () => (await testEngine('webgpu'))!, { judge, longRun: 50 });
  for (const { name, run } of cases.filter(({ name }) => short.test(name))) test(name, run, 120_000);
});

test.each(['cpu', 'wasm', 'webgpu'] as const)('on %s the static cache is allocated in full', async (backend) => {
  const engine = await testEngine(backend);
  if (engine === undefined) return;
  const { architecture, config } = tinyModels[0]!;
  const model = await createModel(engine, architecture, config, seededWeights(architecture, config));
  const bytes = (['static', 'dynamic'] as const).map((kind) => {
    const cache = model.createCache({ kind });
    model.forward([[1, 2, 3]], cache).dispose();
    const { bytes } = cache;
    cache.dispose();
    return bytes;
  });
  // 64 slots against 3: if it fell back to the dynamic cache, the sizes would be equal.
  expect(bytes[0]! / bytes[1]!).toBeCloseTo(64 / 3);
  model.dispose();
});
