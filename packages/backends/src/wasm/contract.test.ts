import '@tensorflow/tfjs-backend-cpu';
import type { Engine } from '@tokenwright/core';
import type { Architecture } from '@tokenwright/core/engine';
import { referenceEngine } from '@tokenwright/core/reference';
import { engineCases, mappedWeights } from '@tokenwright/core/testing';
import { describe, it } from 'vitest';
import { type WeightFormat, weightFormats } from '../graph/weight-format.ts';
import { fusedWasm } from './index.ts';
import { roundTrip } from './testing/plain-formats.ts';

/** The reference engine with the weights as a format stores them: it rounds the weights first. */
async function roundingJudge(format: WeightFormat): Promise<Engine> {
  const judge = await referenceEngine({ backend: 'cpu' });
  return Object.assign(Object.create(judge) as Engine, {
    memory: () => judge.memory(),
    dispose: () => judge.dispose(),
    prepare: ((architecture: Architecture, config, source, options) =>
      judge.prepare(
        architecture,
        config,
        mappedWeights(architecture, config, source, (rows, inputs) => roundTrip(format, rows, inputs)),
        options,
      )) as Engine['prepare'],
  });
}

/**
 * Logits and hidden states of these models reach 2.5 and more. The tolerance is 0.2 % of that where activations are
 * integers.
 */
const tolerance = (format: WeightFormat): number => (format.startsWith('f') ? 1e-4 : 0.005);

// The contract with float32 weights is tested in tooling/conformance.
describe.each(weightFormats.filter((format) => format !== 'f32'))(
  'the contract of engines with %s weights',
  (format) => {
    const cases = engineCases(() => fusedWasm({ threads: 1, weights: format }).start(), {
      judge: () => roundingJudge(format),
      tolerance: tolerance(format),
      kinds: ['static', 'dynamic'],
    });
    for (const { name, run } of cases) it(name, run);
  },
);
