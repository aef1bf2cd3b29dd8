import { gpt2 } from '@tokenwright/core/architectures';
import type { Architecture, WeightSource } from '@tokenwright/core/engine';
import { seededWeights } from '@tokenwright/core/testing';
import { tiny } from './shapes.ts';

/** A length that is not a multiple of any row length. */
const period = 65_521;

/**
 * A checkpoint in memory that repeats the same random numbers, which is fast for billions of weights. For models whose output is not
 * used.
 */
export function repeatedWeights<C, P>(architecture: Architecture<C, P>, config: C): WeightSource {
  const shapes = seededWeights(architecture, config);
  const numbers = seededWeights(gpt2, gpt2.configure(tiny.config), { deviation: 0.02 })
    .read('wte.weight')
    .then((values) => values.subarray(0, period));
  return {
    ...shapes,
    name: `repeated ${architecture.name}`,
    async read(name) {
      const shape = shapes.shape(name)!;
      const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
      if (shape.length === 1) return values.fill(name.endsWith('weight') ? 1 : 0);
      const normal = await numbers;
      for (let at = 0; at < values.length; at += period) values.set(normal.subarray(0, values.length - at), at);
      return values;
    },
  };
}
