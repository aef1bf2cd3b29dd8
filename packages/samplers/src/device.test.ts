import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import { samplerCases } from '@tokenwright/core/testing';
import { beforeAll, describe, test } from 'vitest';
import { epsilon, greedy, minP, repetitionPenalty, temperature, topA, topNSigma } from './index.ts';

const samplers = [
  () => greedy(),
  () => temperature({ t: 0.7 }),
  () => temperature({ t: 0 }),
  () => temperature({ t: 1e-35 }),
  () => minP({ p: 0.2 }),
  () => minP({ p: 1 }),
  () => minP({ p: 0 }),
  () => topA({ ratio: 0.5 }),
  () => topA({ ratio: 1, power: 1 }),
  () => epsilon({ epsilon: 0.05 }),
  () => epsilon({ epsilon: 0.9 }),
  () => topNSigma({ n: 1 }),
  () => topNSigma({ n: 0 }),
  () => repetitionPenalty({ penalty: 1.3 }),
  () => repetitionPenalty({ penalty: 0.7, window: 2, countPrompt: false }),
] as const;

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await setBackend(backend);
    await ready();
  });

  describe.each(samplers.map((make) => [make().name, JSON.stringify(make().parameters), make] as const))(
    '%s %s',
    (_name, _parameters, make) => {
      for (const { name, run } of samplerCases(make, { vocabSizes: [1, 2, 24, 500] }))
        if (name.startsWith('device')) test(name, run);
    },
  );
});
