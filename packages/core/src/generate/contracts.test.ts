import '@tensorflow/tfjs-backend-cpu';
import { describe, test } from 'vitest';
import { referenceEngine } from '../reference/index.ts';
import { engineCases, generationCases, modelCases, toyModel } from '../testing/index.ts';

const cpu = () => referenceEngine({ backend: 'cpu' });

describe('the reference engine on cpu', () => {
  for (const { name, run } of engineCases(cpu, { judge: cpu, kinds: ['static', 'dynamic'], longRun: 300 }))
    test(name, run, 60_000);
});

describe('the toy model', () => {
  const model = toyModel({ maxTokens: 24 });
  const memory = () => ({ bytes: 0, buffers: model.live.size });
  for (const { name, run } of modelCases(model, { memory })) test(name, run);
});

describe('generation with the toy model, in small chunks', () => {
  const model = toyModel({ maxTokens: 8 });
  const memory = () => ({ bytes: 0, buffers: model.live.size });
  for (const { name, run } of generationCases(model, { memory })) test(name, run);
});
