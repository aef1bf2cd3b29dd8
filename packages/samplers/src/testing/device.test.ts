import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { samplerCases, shaped, testBatch, testRow } from '@tokenwright/core/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { epsilonCutoff, greedy, minP, repetitionPenalty, temperature, tokenBias, topA, topNSigma } from '../index.ts';

const samplers = [
  () => greedy(),
  () => temperature({ temperature: 0.7 }),
  () => temperature({ temperature: 0 }),
  () => temperature({ temperature: 1e-35 }),
  () => minP({ p: 0.2 }),
  () => minP({ p: 1 }),
  () => minP({ p: 0 }),
  () => topA({ ratio: 0.5 }),
  () => topA({ ratio: 1, power: 1 }),
  () => epsilonCutoff({ epsilon: 0.05 }),
  () => epsilonCutoff({ epsilon: 0.9 }),
  () => topNSigma({ sigmas: 1 }),
  () => topNSigma({ sigmas: 0 }),
  () => tokenBias({ biases: { 0: 1e39 } }),
  () => repetitionPenalty({ penalty: 1.3 }),
  () => repetitionPenalty({ penalty: 0.7, window: 2, countPrompt: false }),
] as const;

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
    await tf.ready();
  });

  describe.each(samplers.map((make) => [make().name, JSON.stringify(make().parameters), make] as const))(
    '%s %s',
    (_name, _parameters, make) => {
      for (const { name, run } of samplerCases(make, { vocabSizes: [1, 2, 24, 500] }))
        if (name.startsWith('device')) test(name, run);
    },
  );

  test('a bias never lifts a logit out of float32, and brings nothing back', async () => {
    const largest = 3.4028234663852886e38;
    const logits = [largest, 3e38, -3e38, -Infinity, Infinity, Number.NaN, 1];
    const sampler = tokenBias({ biases: { 0: largest, 1: 1e38, 2: -1e38, 3: 1e39, 4: 1, 5: 1e39, 6: 1e39 } });
    const rows = testBatch([testRow(Float32Array.from(logits), {})]);
    const onDevice = tf.tidy(() => sampler.onDevice(tf.tensor2d([logits]), { ...rows, tf }));
    const expected = [largest, largest, -Infinity, -Infinity, Infinity, Number.NaN, largest].map(Math.fround);
    expect([...(await onDevice.data())]).toEqual(expected);
    expect([...shaped(sampler, logits)]).toEqual(expected);
    onDevice.dispose();
  });
});
