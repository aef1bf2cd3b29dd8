import { tfjs } from '@tokenwright/backends';
import { fusedWasm } from '@tokenwright/backends/wasm';
import { createModel, type Engine, type LanguageModel, type WeightSource } from '@tokenwright/core';
import { modelCases, recorded, seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logitsOf, logitsStepwise } from '../generate/models.ts';
import type { Json, Text, Vector } from './arithmetic.ts';
import { type FamilyCase, familyCases } from './cases.ts';

const text = Array.from({ length: 24 }, (_, i) => (i * i * 7 + i * 13 + 5) % 53);
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

  it('has logits that a mistake would move', async () => {
    expect(largest).toBeGreaterThan(0.1);
    for (const option of family.matters) {
      const other = await inFloat64(family, source, { ...family.config, ...option });
      const moved = Math.max(...other.map((logits, i) => distance(logits, expected[i]!)));
      expect(moved, JSON.stringify(option)).toBeGreaterThan(0.002);
    }
  });

  it('is a pass whose operations do not depend on the frame', async () => {
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
      modelCases(model, { kinds: ['preallocated'], memory: () => engines.get('cpu')!.memory() });
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

function build(engine: Engine, { architecture, config }: FamilyCase, source: WeightSource): Promise<LanguageModel> {
  return createModel(engine, architecture, architecture.configure(config), source);
}

/** Random numbers under the names that the published checkpoints have. */
function published({ architecture, config, published: nameOf }: FamilyCase): WeightSource {
  const seeded = seededWeights(architecture, architecture.configure(config), { seed: 7, deviation: 0.25 });
  const names = new Map(seeded.names().map((name) => [nameOf(name), name]));
  return {
    name: seeded.name,
    names: () => [...names.keys()],
    shape: (name) => (names.has(name) ? seeded.shape(names.get(name)!) : undefined),
    bytes: (name) => seeded.bytes(names.get(name)!),
    read: (name) => seeded.read(names.get(name)!),
  };
}

async function inFloat64({ form }: FamilyCase, source: WeightSource, config: Json): Promise<Text> {
  const tensors = new Map<string, Vector>();
  for (const name of source.names()) tensors.set(name, Float64Array.from(await source.read(name)));
  return form(
    config,
    (name) => tensors.get(name) ?? expect.fail(`the reference form asks for ${name}, which the model does not have`),
    text,
  );
}

function distance(a: ArrayLike<number>, b: Vector): number {
  return Math.max(...b.map((value, i) => Math.abs(value - a[i]!)));
}
