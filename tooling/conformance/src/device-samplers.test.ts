import * as tf from '@tensorflow/tfjs-core';
import type { DeviceSampler, HostSampler, Sampler } from '@tokenwright/core';
import { hasDeviceForm, hasHostForm } from '@tokenwright/core/sampling';
import { candidatesOf, shaped, type TestRowOptions, testBatch, testRow } from '@tokenwright/core/testing';
import {
  additivePenalty,
  epsilonCutoff,
  frequencyPenalty,
  greedy,
  minP,
  presencePenalty,
  repetitionPenalty,
  temperature,
  tokenBias,
  topA,
  topNSigma,
} from '@tokenwright/samplers';
import { describe, expect, test } from 'vitest';
import { type TestBackend, testEngine } from './engines.ts';

const texts: TestRowOptions[] = [
  { prompt: [1, 1, 2], generated: [3, 3, 3] },
  { prompt: [4] },
  { prompt: [0, 5], generated: [6] },
];
const rows = texts.map((_, row) =>
  Float32Array.from({ length: 40 }, (_, id) => (id % 7 === row ? -Infinity : Math.sin((id + 1) * (row + 1)) * 5)),
);

const samplers: Sampler[] = [
  additivePenalty({ frequency: 0.5, presence: -1, countPrompt: true }),
  frequencyPenalty({ penalty: 0.7 }),
  presencePenalty({ penalty: 0.7 }),
  repetitionPenalty({ penalty: 1.3 }),
  tokenBias({ biases: { 0: 3, 7: -2, 9: '-Infinity' } }),
  temperature({ temperature: 0.7 }),
  minP({ p: 0.1 }),
  topA({ ratio: 0.3 }),
  epsilonCutoff({ epsilon: 0.02 }),
  topNSigma({ sigmas: 1 }),
  greedy(),
];

/** Powers of two with any number added: the borders of these filters are exact, and the logarithms are not. */
const dyadic = [
  [1 / 2, 1 / 4, 1 / 4],
  [1 / 4, 1 / 4, 1 / 4, 1 / 8, 1 / 8],
  [1 / 2, 1 / 8, 1 / 8, 1 / 8, 1 / 8],
  [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16],
].flatMap((probabilities) =>
  [0, 0.3, -7.7, 19.1].map((shift) =>
    Float32Array.from({ length: 40 }, (_, id) => Math.log(probabilities[id] ?? 0) + shift),
  ),
);

/** Filters with a token of `dyadic` on their border. Half of the logits of the last two rows are two deviations below the others. */
const bordered: (HostSampler & DeviceSampler)[] = [
  ...[1 / 2, 1 / 4, 1 / 8].map((p) => minP({ p })),
  ...[1 / 2, 1].map((ratio) => topA({ ratio })),
  ...[1 / 16, 1 / 8, 1 / 4].map((epsilon) => epsilonCutoff({ epsilon })),
  topNSigma({ sigmas: 2 }),
].filter(hasBothForms);

function hasBothForms(sampler: Sampler): sampler is HostSampler & DeviceSampler {
  return hasDeviceForm(sampler) && hasHostForm(sampler);
}

describe.each<TestBackend>(['cpu', 'wasm', 'webgpu'])('on %s', async (backend) => {
  const engine = await testEngine(backend);

  test.skipIf(engine === undefined)(
    'a token on a border is on the same side on the device and on the host',
    async () => {
      await tf.setBackend(backend);
      const halves = [0.3, -7.7].map((shift) =>
        Float32Array.from({ length: 40 }, (_, id) => (id < 20 ? 1.7 : -0.4) + shift),
      );
      const all = [...dyadic, ...halves];
      expect(bordered).toHaveLength(9);
      for (const sampler of bordered) {
        const step = testBatch(all.map((logits) => testRow(logits)));
        const result = tf.tidy(() => sampler.onDevice(tf.tensor2d(all.map((row) => [...row])), { ...step, tf }));
        const values = (await result.array()) as number[][];
        result.dispose();
        for (const [at, row] of values.entries())
          expect(candidatesOf(Float32Array.from(row)), `${sampler.name} row ${at}`).toEqual(
            candidatesOf(shaped(sampler, all[at]!)),
          );
      }
    },
  );

  test.skipIf(engine === undefined).each(samplers.map((sampler) => [sampler.name, sampler] as const))(
    '%s gives the same logits on the device and on the host',
    async (_, sampler) => {
      if (!hasDeviceForm(sampler)) throw new Error(`'${sampler.name}' has no device form`);
      await tf.setBackend(backend);
      const step = testBatch(rows.map((logits, row) => testRow(logits, texts[row])));
      const result = tf.tidy(() => sampler.onDevice(tf.tensor2d(rows.map((row) => [...row])), { ...step, tf }));
      const values = (await result.array()) as number[][];
      result.dispose();
      values.forEach((row, at) => {
        const host = shaped(sampler, rows[at]!, texts[at]);
        row.forEach((logit, id) => {
          if (host[id] === -Infinity) expect(logit).toBe(-Infinity);
          else expect(Math.abs(logit - host[id]!)).toBeLessThan(1e-5);
        });
      });
    },
  );
});
