import { describe, expect, it } from 'vitest';
import type { WeightSource } from './engine.ts';
import { FingerprintedWeights } from './fingerprint.ts';

type Tensors = Readonly<Record<string, { shape: number[]; values: number[] }>>;

async function fingerprint(tensors: Tensors, architecture = 'gpt2', config: unknown = { layers: 1 }): Promise<string> {
  const source: WeightSource = {
    name: 'weights',
    names: () => Object.keys(tensors),
    shape: (name) => tensors[name]?.shape,
    bytes: () => 8,
    read: async (name) => Float32Array.from(tensors[name]!.values),
  };
  const named = new FingerprintedWeights(source);
  for (const name of named.names()) expect(await named.read(name)).toEqual(await source.read(name));
  return named.fingerprint(architecture, config);
}

const tensors: Tensors = { a: { shape: [2, 2], values: [1, 2, 3, 4] }, b: { shape: [1], values: [5] } };

describe('a fingerprint', () => {
  it('is the same for the same weights, architecture and configuration', async () => {
    const first = await fingerprint(tensors);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(await fingerprint(structuredClone(tensors))).toBe(first);
  });

  it('is the same for a tensor that is read by rows', async () => {
    const values = Float32Array.from({ length: 700 }, (_, i) => i * 0.5);
    const source: WeightSource = {
      name: 'weights',
      names: () => ['a'],
      shape: () => [70, 10],
      bytes: () => 2800,
      read: async () => values,
      readRows: async (_, first, count) => values.slice(first * 10, (first + count) * 10),
    };
    const [whole, byRows] = [new FingerprintedWeights(source), new FingerprintedWeights(source)];
    await whole.read('a');
    for (let first = 0; first < 70; first += 8)
      expect(await byRows.readRows!('a', first, Math.min(8, 70 - first))).toHaveLength(Math.min(8, 70 - first) * 10);
    expect(byRows.fingerprint('gpt2', {})).toBe(whole.fingerprint('gpt2', {}));
    expect(new FingerprintedWeights({ ...source, readRows: undefined } as never).readRows).toBeUndefined();
  });

  it.each<[string, () => Promise<string>]>([
    ['a value', () => fingerprint({ ...tensors, b: { shape: [1], values: [5.0001] } })],
    ['a shape', () => fingerprint({ ...tensors, a: { shape: [4, 1], values: [1, 2, 3, 4] } })],
    ['a name', () => fingerprint({ a: tensors.a!, c: tensors.b! })],
    ['the order', () => fingerprint({ b: tensors.b!, a: tensors.a! })],
    ['one tensor less', () => fingerprint({ a: tensors.a! })],
    ['the architecture', () => fingerprint(tensors, 'llama')],
    ['the configuration', () => fingerprint(tensors, 'gpt2', { layers: 2 })],
  ])('differs with %s', async (_, other) => {
    expect(await other()).not.toBe(await fingerprint(tensors));
  });

  it('samples large tensors from their start to near their end', async () => {
    const large = (change?: number): Tensors => {
      const values = Array.from({ length: 6400 }, (_, i) => i);
      if (change !== undefined) values[change] = -1;
      return { large: { shape: [6400], values } };
    };
    const plain = await fingerprint(large());
    for (const sampled of [0, 100, 3200, 6300]) expect(await fingerprint(large(sampled))).not.toBe(plain);
  });
});
