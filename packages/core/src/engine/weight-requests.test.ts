import { describe, expect, it } from 'vitest';
import { gptNeoX } from '../architectures/gpt-neox.ts';
import { llama } from '../architectures/llama.ts';
import { LoadError, ParameterError, ShapeError } from '../errors.ts';
import { seededWeights } from '../testing/seeded-weights.ts';
import type { WeightSource } from './engine.ts';
import type { Architecture, Parameters, Weight } from './operations.ts';
import { readMatrix, readVector, requestWeights, type WeightRequest } from './weight-requests.ts';

/** A checkpoint of the given tensors. */
function checkpoint(tensors: Readonly<Record<string, { shape: readonly number[]; values: readonly number[] }>>) {
  return {
    name: 'a checkpoint',
    names: () => Object.keys(tensors),
    shape: (name: string) => tensors[name]?.shape,
    bytes: (name: string) => tensors[name]!.values.length * 4,
    read: async (name: string) => Float32Array.from(tensors[name]!.values),
  } satisfies WeightSource;
}

/** The request for the single weight of a model. */
function requested(source: WeightSource, ask: (p: Parameters<Weight>) => Weight): WeightRequest {
  const architecture = { parameters: ask } as unknown as Architecture<unknown, Weight>;
  return requestWeights(architecture, {}, source).requests[0]!;
}

async function matrix(source: WeightSource, ask: (p: Parameters<Weight>) => Weight): Promise<number[][]> {
  const request = requested(source, ask);
  if (request.kind !== 'matrix') throw new TypeError(request.kind);
  const byOutput = await readMatrix(source, request, 'output-input');
  const byInput = await readMatrix(source, request, 'input-output');
  const { inputs } = request.shape;
  const outputs = byOutput.length / inputs;
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++) expect(byInput[i * outputs + o]).toBe(byOutput[o * inputs + i]);
  return Array.from({ length: outputs }, (_, o) => [...byOutput.subarray(o * inputs, (o + 1) * inputs)]);
}

describe('a matrix with a permuted order', () => {
  const order = [3, 1, 0, 2];
  const wanted = [
    [7, 8],
    [3, 4],
    [1, 2],
    [5, 6],
  ];

  it('is read from rows of outputs', async () => {
    const source = checkpoint({ a: { shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] } });
    expect(await matrix(source, (p) => p.matrix(['a'], { inputs: 2, outputs: [4], order }))).toEqual(wanted);
  });

  it('is read from rows of inputs', async () => {
    const source = checkpoint({ a: { shape: [2, 4], values: [1, 3, 5, 7, 2, 4, 6, 8] } });
    expect(
      await matrix(source, (p) => p.matrix(['a'], { inputs: 2, outputs: [4], layout: 'input-output', order })),
    ).toEqual(wanted);
  });

  it('numbers the outputs across several tensors', async () => {
    const source = checkpoint({
      a: { shape: [1, 2], values: [1, 2] },
      b: { shape: [3, 2], values: [3, 4, 5, 6, 7, 8] },
    });
    expect(await matrix(source, (p) => p.matrix(['a', 'b'], { inputs: 2, outputs: [1, 3], order }))).toEqual(wanted);
  });

  it('groups the parts of heads', async () => {
    // Two heads of size 1: their query, key and value, then the next head's.
    const source = checkpoint({ a: { shape: [6, 1], values: [11, 12, 13, 21, 22, 23] } });
    expect(
      await matrix(source, (p) => p.matrix(['a'], { inputs: 1, outputs: [2, 2, 2], order: [0, 3, 1, 4, 2, 5] })),
    ).toEqual([[11], [21], [12], [22], [13], [23]]);
  });

  it.each([
    ['too short', [0, 1]],
    ['too long', [0, 1, 2, 3, 3]],
    ['a repeated index', [0, 1, 2, 2]],
    ['an index out of range', [0, 1, 2, 4]],
    ['a fractional index', [0, 1, 2, 2.5]],
    ['a negative index', [-1, 0, 1, 2]],
  ])('is rejected for %s', (_, wrong) => {
    const source = checkpoint({ a: { shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] } });
    const vector = checkpoint({ a: { shape: [4], values: [1, 2, 3, 4] } });
    expect(() => requested(source, (p) => p.matrix(['a'], { inputs: 2, outputs: [4], order: wrong }))).toThrow(
      ParameterError,
    );
    expect(() => requested(vector, (p) => p.vector(['a'], [4], { order: wrong }))).toThrow(/a: order must be each of/);
  });
});

it('a vector with a permuted order has its constant added', async () => {
  const source = checkpoint({ a: { shape: [2], values: [1, 2] }, b: { shape: [1], values: [3] } });
  const request = requested(source, (p) => p.vector(['a', 'b'], [2, 1], { order: [2, 0, 1], plus: 10 }));
  if (request.kind !== 'vector') throw new TypeError(request.kind);
  expect([...(await readVector(source, request))]).toEqual([13, 11, 12]);
});

describe('a configuration that disagrees with the tensors', () => {
  const json = {
    vocab_size: 11,
    max_position_embeddings: 8,
    hidden_size: 12,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 10,
  };

  it.each([
    ['num_key_value_heads', 1, 'layers.0.self_attn.k_proj.weight', [6, 12], [12, 12]],
    ['intermediate_size', 20, 'layers.0.mlp.gate_proj.weight', [20, 12], [10, 12]],
    ['vocab_size', 13, 'embed_tokens.weight', [13, 12], [11, 12]],
    ['head_dim', 4, 'layers.0.self_attn.q_proj.weight', [8, 12], [12, 12]],
  ])('in %s names the tensor and both shapes', (key, value, name, expected, received) => {
    const source = seededWeights(llama, llama.configure(json));
    try {
      requestWeights(llama, llama.configure({ ...json, [key]: value }), source);
      expect.fail('was accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(ShapeError);
      expect(error).toMatchObject({ expected, received });
      expect((error as ShapeError).message).toContain(name);
      expect((error as ShapeError).message).toContain(`[${expected.join(', ')}]`);
      expect((error as ShapeError).message).toContain(`[${received.join(', ')}]`);
    }
  });

  it('about a bias names the missing tensor', () => {
    const source = seededWeights(llama, llama.configure(json));
    expect(() => requestWeights(llama, llama.configure({ ...json, attention_bias: true }), source)).toThrow(LoadError);
    expect(() => requestWeights(llama, llama.configure({ ...json, mlp_bias: true }), source)).toThrow(
      /layers\.0\.mlp\.gate_proj\.bias/,
    );
  });

  it('in a fused tensor names the whole tensor', () => {
    const config = { ...json, vocab_size: 11 };
    const source = seededWeights(gptNeoX, gptNeoX.configure({ ...config, rotary_pct: 1 }));
    const wider = gptNeoX.configure({ ...config, hidden_size: 24, rotary_pct: 1 });
    expect(() => requestWeights(gptNeoX, wider, source)).toThrow(/\[11, 24\], but it has \[11, 12\]/);
  });
});
