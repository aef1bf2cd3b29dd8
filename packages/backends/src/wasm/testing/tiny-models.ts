import { type GPT2Config, gpt2, type LlamaConfig, llama } from '@tokenwright/core/architectures';
import { type Architecture, requestWeights, type WeightSource } from '@tokenwright/core/engine';
import { mappedWeights } from '@tokenwright/core/testing';

/** A model with seeded random weights, small enough for any test. */
export interface TinyModel<C = unknown, P = unknown> {
  readonly name: string;
  readonly architecture: Architecture<C, P>;
  readonly config: C;
  readonly source: WeightSource;
}

/** Normally distributed numbers, seeded (mulberry32, Box and Muller). */
export function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Random tensors for every request of an architecture: norm weights near 1, all others with the given deviation. */
export function randomSource<C, P>(
  architecture: Architecture<C, P>,
  config: C,
  seed: number,
  deviation = 0.15,
): WeightSource {
  const shapes = new Map<string, readonly number[]>();
  const gains = new Set<string>();
  const anything: WeightSource = {
    name: 'shapes',
    names: () => [],
    // Optional tensors (prefixes) are absent.
    shape: (name) => shapes.get(name),
    read: () => Promise.reject(new Error('only shapes')),
    bytes: () => 0,
  };
  // Requesting a missing tensor names it and its shape. Repeat until nothing is missing.
  for (;;) {
    try {
      requestWeights(architecture, config, anything);
      break;
    } catch (error) {
      const { field, message } = error as { field?: string; message: string };
      const shape = /shape \[([\d, ]+)\]/.exec(message)?.[1]?.split(', ').map(Number);
      if (field === undefined || shape === undefined) throw error;
      shapes.set(field, shape);
      if (shape.length === 1 && field.endsWith('weight')) gains.add(field);
    }
  }
  const tensors = new Map<string, Float32Array>();
  let number = seed;
  for (const [name, shape] of shapes) {
    const normal = normals(number++);
    const size = shape.reduce((product, n) => product * n, 1);
    tensors.set(
      name,
      Float32Array.from({ length: size }, () => (gains.has(name) ? 1 : 0) + normal() * deviation),
    );
  }
  return {
    name: `random ${architecture.name}`,
    names: () => [...shapes.keys()],
    shape: (name) => shapes.get(name),
    read: async (name) => tensors.get(name)!.slice(),
    bytes: (name) => tensors.get(name)!.byteLength,
  };
}

export function tinyGPT2(overrides: Partial<GPT2Config> = {}, seed = 1): TinyModel<GPT2Config, unknown> {
  const config: GPT2Config = {
    vocabSize: 97,
    contextLength: 256,
    width: 64,
    layers: 3,
    heads: 4,
    intermediateSize: 256,
    epsilon: 1e-5,
    activation: 'gelu-tanh',
    tied: true,
    ...overrides,
  };
  const architecture = gpt2 as unknown as Architecture<GPT2Config, unknown>;
  return { name: 'tiny GPT-2', architecture, config, source: randomSource(architecture, config, seed) };
}

export function tinyLlama(overrides: Partial<LlamaConfig> = {}, seed = 100): TinyModel<LlamaConfig, unknown> {
  const config: LlamaConfig = {
    vocabSize: 101,
    contextLength: 256,
    width: 64,
    layers: 3,
    heads: 4,
    kvHeads: 2,
    headDim: 16,
    intermediateSize: 172,
    epsilon: 1e-5,
    activation: 'silu',
    rotaryBase: 10000,
    tied: false,
    attentionBias: false,
    ...overrides,
  };
  const architecture = llama as unknown as Architecture<LlamaConfig, unknown>;
  return { name: 'tiny Llama', architecture, config, source: randomSource(architecture, config, seed) };
}

/** A checkpoint whose matrices are replaced when the architecture requests them. */
export function mappedSource<C, P>(
  { architecture, config, source }: TinyModel<C, P>,
  map: Parameters<typeof mappedWeights>[3],
): WeightSource {
  return mappedWeights(architecture, config, source, map);
}

/** Models with sizes for the odd cases: widths that nothing divides, grouped heads, tied and untied heads, biases. */
export const lawModels: readonly TinyModel[] = [
  tinyGPT2() as TinyModel,
  {
    ...tinyGPT2({ width: 36, heads: 3, intermediateSize: 50, vocabSize: 61, tied: false }),
    name: 'odd GPT-2',
  } as TinyModel,
  { ...tinyGPT2({ width: 30, heads: 3, intermediateSize: 33, activation: 'gelu' }), name: 'odder GPT-2' } as TinyModel,
  tinyLlama() as TinyModel,
  {
    ...tinyLlama({
      width: 40,
      heads: 6,
      kvHeads: 3,
      headDim: 10,
      intermediateSize: 53,
      tied: true,
      attentionBias: true,
    }),
    name: 'odd Llama',
  } as TinyModel,
];
