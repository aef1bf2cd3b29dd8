import '@tensorflow/tfjs-backend-cpu';
import { ready, setBackend, tensor2d, tidy, tile } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { probabilities } from '../sampling/distribution.ts';
import { Random } from '../sampling/random.ts';
import { chooseOnDevice, readChoice } from './choose-on-device.ts';

beforeAll(async () => {
  await setBackend('cpu');
  await ready();
});

/** Maximum distance of the uniform number from the interval of the chosen token, as documented in the module. */
const boundOf = (vocabSize: number): number => (4 * Math.ceil(Math.sqrt(vocabSize)) + 16) * 2 ** -24;

/** Logits of a row: nearly flat, as from a model, or nearly decided. */
const scales = [0, 1, 4, 30];

describe.each([5_000, 151_936])('sampling from %i tokens on the device', (vocabSize) => {
  it.each(scales)('is off by no more than the bound, with logits spread by %f', async (scale) => {
    const random = new Random(vocabSize);
    const logits = Float32Array.from(
      { length: vocabSize },
      (_, id) => scale * (random.uniform(0, id, 'draw') + random.uniform(1, id, 'draw') - 1),
    );
    const ends = probabilities(logits);
    for (let id = 1; id < vocabSize; id++) ends[id]! += ends[id - 1]!;
    // Everywhere, and right at interval borders.
    const border = (at: number): number => ends[Math.floor(random.uniform(3, at, 'draw') * vocabSize)]!;
    const uniforms = Array.from({ length: 8 }, (_, at) =>
      Math.min(1 - 2 ** -53, at % 2 === 0 ? random.uniform(2, at, 'draw') : border(at)),
    );
    const chosen = tidy(() => chooseOnDevice(tile(tensor2d(logits, [1, vocabSize]), [uniforms.length, 1]), uniforms));
    const ids = readChoice((await chosen.data()) as Float32Array);
    chosen.dispose();
    const bound = boundOf(vocabSize);
    for (const [at, id] of ids.entries()) {
      expect(uniforms[at]).toBeGreaterThanOrEqual((id === 0 ? 0 : ends[id - 1]!) - bound);
      expect(uniforms[at]).toBeLessThanOrEqual(ends[id]! + bound);
    }
  });
});
