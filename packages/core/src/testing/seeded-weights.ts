import type { WeightSource } from '../engine/engine.ts';
import type { Architecture, Parameters, Weight } from '../engine/operations.ts';
import { LoadError } from '../errors.ts';
import { Random } from '../sampling/random.ts';

/**
 * A checkpoint of random numbers in the shapes that an architecture requests, for tests and benchmarks without a
 * download. Matrices and vectors are normally distributed with the given standard deviation; norm weights (vectors
 * named `…weight`) are around 1.
 */
export function seededWeights<C, P>(
  architecture: Architecture<C, P>,
  config: C,
  { seed = 1, deviation = 0.15 }: { readonly seed?: number; readonly deviation?: number } = {},
): WeightSource {
  const shapes = new Map<string, readonly number[]>();
  const note = (name: string, shape: readonly number[]): void => void shapes.set(name, shape);
  const parameters: Parameters<Weight> = {
    matrix(names, { inputs, outputs, layout }) {
      const total = outputs.reduce((sum, n) => sum + n, 0);
      const shape = (rows: number): number[] => (layout === 'input-output' ? [inputs, rows] : [rows, inputs]);
      if (names.length === 1) note(names[0]!, shape(total));
      else for (const [i, name] of names.entries()) note(name, shape(outputs[i]!));
      return {};
    },
    vector(names, lengths) {
      if (names.length === 1) note(names[0]!, [lengths.reduce((sum, n) => sum + n, 0)]);
      else for (const [i, name] of names.entries()) note(name, [lengths[i]!]);
      return {};
    },
    table: () => ({}),
  };
  architecture.parameters(parameters, config, () => false);
  const random = new Random(seed);
  const names = [...shapes.keys()];
  return {
    name: `seeded ${architecture.name}`,
    names: () => names,
    shape: (name) => shapes.get(name),
    bytes: (name) => (shapes.get(name) ?? []).reduce((product, n) => product * n, 4),
    async read(name) {
      const shape = shapes.get(name);
      if (shape === undefined) throw new LoadError('seeded weights', 'no such tensor', name);
      const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
      const center = shape.length === 1 && name.endsWith('weight') ? 1 : 0;
      fillNormal(values, center, deviation, Math.floor(random.uniform(names.indexOf(name), 0, 'draw') * 2 ** 32));
      return values;
    },
  };
}

/** Box and Muller over a 32-bit mixing counter: fast enough for a hundred million numbers. */
function fillNormal(values: Float32Array, center: number, deviation: number, seed: number): void {
  let state = seed | 0;
  const uniform = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < values.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = center + radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = center + radius * Math.sin(angle);
  }
}
