import '@tensorflow/tfjs-backend-cpu';
import { createModel } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { engineCases, seededWeights, tinyModels } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { weightFormats } from '../graph/weight-format.ts';
import { fusedWasm } from './index.ts';

describe.each(['f16', '8-bit'] as const)('with an %s cache and float32 weights', (cache) => {
  const judge = () => referenceEngine({ backend: 'cpu' });
  const start = () => fusedWasm({ threads: 1, cache }).start();
  const cases = engineCases(start, { judge, models: [], breakEachTensor: true });
  for (const { name, run } of cases) it(name, run);
});

describe('a weight that a format cannot hold', () => {
  const { architecture, config } = tinyModels[1]!;
  const good = seededWeights(architecture, config);
  const bad = 'layers.1.mlp.down_proj.weight';
  const prepare = async (weights: (typeof weightFormats)[number], value: number): Promise<void> => {
    const engine = await fusedWasm({ threads: 1, weights }).start();
    try {
      const model = await createModel(engine, architecture, config, {
        ...good,
        async read(name) {
          const values = await good.read(name);
          if (name === bad) values[56 * 13 + 5] = value;
          return values;
        },
      });
      model.dispose();
    } finally {
      expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
      await engine.dispose();
    }
  };

  it.each(
    weightFormats
      .filter((format) => format !== 'f32')
      .flatMap((format) => [NaN, Infinity, -Infinity].map((value) => [format, value] as const)),
  )('is refused by %s: %d', async (format, value) => {
    await expect(prepare(format, value)).rejects.toThrow(
      `${bad}: the weight of output 13, input 5 is ${value}; weights in the format '${format}' must be finite numbers`,
    );
  });

  it.each([
    ['f16', 65_519, 65_520],
    ['8-bit-blocks', 65_519 * 127, 65_520 * 127],
    ['4-bit-blocks', -65_519 * 8, -65_520 * 8],
    ['8-bit', 3e38, Infinity],
  ] as const)(
    'is refused by %s when its magnitude is too large: %d is not, %d is',
    async (format, largest, tooLarge) => {
      await prepare(format, largest);
      await expect(prepare(format, tooLarge)).rejects.toThrow(/must be/);
    },
  );
});
