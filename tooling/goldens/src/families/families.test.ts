import { tfjs } from '@tokenwright/backends/tfjs';
import { fusedWasm } from '@tokenwright/backends/wasm';
import type { Engine, LanguageModel } from '@tokenwright/core';
import type { WeightSource } from '@tokenwright/core/engine';
import { modelCases, recorded } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logitsOf, logitsStepwise } from '../generate/decoding/models.ts';
import { familyCases } from './cases.ts';
import { build, distance, inFloat64, published, text } from './models.ts';
import type { Text } from './plain/arithmetic.ts';

const starters = {
  cpu: tfjs({ backend: 'cpu' }),
  wasm: tfjs({ backend: 'wasm' }),
  'fused wasm': fusedWasm({ threads: 1 }),
};
const backends = ['cpu', 'wasm', 'fused wasm'] as const;
const engines = new Map<string, Engine>();
beforeAll(async () => {
  for (const backend of backends) engines.set(backend, await starters[backend].start());
});
afterAll(async () => {
  for (const engine of engines.values()) await engine.dispose();
});

describe.each(familyCases.map((family) => [family.name, family] as const))('%s', (_, family) => {
  let source: WeightSource;
  let expected: Text;
  let largest: number;
  beforeAll(async () => {
    source = published(family);
    expected = await inFloat64(family, source, family.config);
    largest = Math.max(...expected.flatMap((logits) => [...logits].map(Math.abs)));
  });

  it.each(backends)('gives the logits of the reference form, at once and step by step, on %s', async (backend) => {
    const model = await build(engines.get(backend)!, family, source);
    try {
      const { logits } = await logitsOf(model, [text]);
      const stepwise = await logitsStepwise(model, [text]);
      for (const [position, wanted] of expected.entries()) {
        expect(distance(logits[0]![position]!, wanted)).toBeLessThan(1e-4);
        expect(distance(stepwise[0]![position]!, wanted)).toBeLessThan(1e-4);
      }
    } finally {
      model.dispose();
    }
  });

  it('has logits that depend on every option of the case', async () => {
    expect(largest).toBeGreaterThan(0.1);
    for (const option of family.matters) {
      const other = await inFloat64(family, source, { ...family.config, ...option });
      const moved = Math.max(...other.map((logits, i) => distance(logits, expected[i]!)));
      expect(moved, JSON.stringify(option)).toBeGreaterThan(0.002);
    }
  });

  it('runs the same operations for every frame', async () => {
    const model = await build(engines.get('cpu')!, { ...family, architecture: recorded(family.architecture) }, source);
    try {
      const stepwise = await logitsStepwise(model, [text]);
      expect(distance(stepwise[0]!.at(-1)!, expected.at(-1)!)).toBeLessThan(1e-4);
    } finally {
      model.dispose();
    }
  });

  describe('keeps the contracts of language models', () => {
    const nobody = { vocabSize: 8, contextLength: 8 } as LanguageModel;
    const contracts = (model: LanguageModel) =>
      modelCases(model, { kinds: ['static'], memory: () => engines.get('cpu')!.memory() });
    let model: LanguageModel;
    beforeAll(async () => {
      model = await build(engines.get('cpu')!, family, source);
      // The first pass leaves the transposed head on the engine.
      await logitsOf(model, [[1]]);
    });
    afterAll(() => model.dispose());
    for (const [i, contract] of contracts(nobody).entries()) it(contract.name, () => contracts(model)[i]!.run());
  });
});
