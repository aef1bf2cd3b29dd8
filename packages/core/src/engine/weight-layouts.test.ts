import { describe, expect, it } from 'vitest';
import { LoadError, ShapeError } from '../errors.ts';
import type { WeightSource } from './engine.ts';
import type { Architecture, Parameters, Weight } from './operations.ts';
import {
  elementsOf,
  type MatrixRequest,
  readMatrix,
  readVector,
  requestWeights,
  type VectorRequest,
  type WeightRequest,
} from './weight-requests.ts';

type Tensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly values?: readonly number[] }>>;
type Ask = (p: Parameters<Weight>, has: (name: string) => boolean) => unknown;

const checkpoint = (tensors: Tensors): WeightSource => ({
  name: 'model.safetensors',
  names: () => Object.keys(tensors),
  shape: (name) => tensors[name]?.shape,
  bytes: () => 0,
  read: async (name) => Float32Array.from(tensors[name]!.values!),
});

/** The weights that an architecture with these parameters requests from a checkpoint. */
function requested(tensors: Tensors, ask: Ask): readonly WeightRequest[] {
  const architecture = {
    name: 'test',
    parameters: (p: Parameters<Weight>, _: unknown, has: (name: string) => boolean) => ask(p, has),
  } as unknown as Architecture<unknown, unknown>;
  return requestWeights(architecture, {}, checkpoint(tensors)).requests;
}

/** A matrix in both layouts. */
async function layoutsOf(tensors: Tensors, names: readonly string[], shape: MatrixRequest['shape']) {
  const request = requested(tensors, (p) => p.matrix(names, shape))[0] as MatrixRequest;
  const read = async (layout: 'input-output' | 'output-input') => [
    ...(await readMatrix(checkpoint(tensors), request, layout)),
  ];
  return { byOutput: await read('output-input'), byInput: await read('input-output') };
}

describe('readMatrix', () => {
  // Output i has the weights i1, i2, i3.
  const two = { byOutput: [11, 12, 13, 21, 22, 23], byInput: [11, 21, 12, 22, 13, 23] };
  const three = { byOutput: [...two.byOutput, 31, 32, 33], byInput: [11, 21, 31, 12, 22, 32, 13, 23, 33] };

  it('reads a matrix stored by outputs in either layout', async () => {
    const tensors = { w: { shape: [2, 3], values: two.byOutput } };
    expect(await layoutsOf(tensors, ['w'], { inputs: 3, outputs: [2] })).toEqual(two);
  });

  it('reads a matrix stored by inputs in either layout', async () => {
    const tensors = { w: { shape: [3, 2], values: two.byInput } };
    expect(await layoutsOf(tensors, ['w'], { inputs: 3, outputs: [2], layout: 'input-output' })).toEqual(two);
  });

  it('takes the outputs of several parts from one fused tensor', async () => {
    const tensors = { w: { shape: [3, 3], values: three.byOutput } };
    expect(await layoutsOf(tensors, ['w'], { inputs: 3, outputs: [1, 2] })).toEqual(three);
  });

  it('stacks parts from separate tensors, by outputs', async () => {
    const tensors = {
      q: { shape: [1, 3], values: [11, 12, 13] },
      k: { shape: [2, 3], values: [21, 22, 23, 31, 32, 33] },
    };
    expect(await layoutsOf(tensors, ['q', 'k'], { inputs: 3, outputs: [1, 2] })).toEqual(three);
  });

  it('stacks parts from separate tensors, by inputs', async () => {
    const tensors = {
      q: { shape: [3, 1], values: [11, 12, 13] },
      k: { shape: [3, 2], values: [21, 31, 22, 32, 23, 33] },
    };
    const shape = { inputs: 3, outputs: [1, 2], layout: 'input-output' } as const;
    expect(await layoutsOf(tensors, ['q', 'k'], shape)).toEqual(three);
  });

  it('transposes matrices that are larger than its blocks', async () => {
    const [outputs, inputs] = [70, 45];
    const values = Array.from({ length: outputs * inputs }, (_, i) => i);
    const { byInput } = await layoutsOf({ w: { shape: [outputs, inputs], values } }, ['w'], {
      inputs,
      outputs: [outputs],
    });
    expect(byInput).toEqual(values.map((_, i) => (i % outputs) * inputs + Math.floor(i / outputs)));
  });
});

describe('readVector', () => {
  const read = async (tensors: Tensors, names: readonly string[], lengths: readonly number[], plus = 0) => {
    const request = requested(tensors, (p) => p.vector(names, lengths, { plus }))[0] as VectorRequest;
    return [...(await readVector(checkpoint(tensors), request))];
  };

  it('reads a vector with its constant added', async () => {
    const tensors = { v: { shape: [2], values: [1, 2] } };
    expect(await read(tensors, ['v'], [2])).toEqual([1, 2]);
    expect(await read(tensors, ['v'], [2], 1)).toEqual([2, 3]);
  });

  it('concatenates parts, or takes them from one fused tensor', async () => {
    const parts = { a: { shape: [1], values: [1] }, b: { shape: [2], values: [2, 3] } };
    expect(await read(parts, ['a', 'b'], [1, 2])).toEqual([1, 2, 3]);
    expect(await read({ v: { shape: [3], values: [1, 2, 3] } }, ['v'], [1, 2])).toEqual([1, 2, 3]);
  });

  it('reads a vector with leading dimensions of 1', async () => {
    expect(await read({ v: { shape: [1, 3], values: [1, 2, 3] } }, ['v'], [3])).toEqual([1, 2, 3]);
    expect(await read({ v: { shape: [1, 1], values: [4] } }, ['v'], [1])).toEqual([4]);
  });
});

describe('requestWeights', () => {
  it('reads nothing, and returns the handles of the requests', () => {
    const source = {
      ...checkpoint({ w: { shape: [2, 3] } }),
      read: () => Promise.reject(new Error('nothing is to be read yet')),
    };
    const architecture = {
      name: 'test',
      parameters: (p: Parameters<Weight>) => p.matrix(['w'], { inputs: 3, outputs: [2] }),
    } as unknown as Architecture<unknown, Weight>;
    const { weights, requests } = requestWeights(architecture, {}, source);
    expect(requests[0]!.weight).toBe(weights);
  });

  it('lists the requests in order, with their sizes', () => {
    const requests = requested({ w: { shape: [6, 3] }, v: { shape: [4] } }, (p) => [
      p.matrix(['w'], { inputs: 3, outputs: [2, 4] }),
      p.vector(['v'], [4]),
      p.table(() => new Float32Array(10), 5, 2),
    ]);
    expect(requests.map((request) => [request.kind, elementsOf(request)])).toEqual([
      ['matrix', 18],
      ['vector', 4],
      ['table', 10],
    ]);
  });

  it('reports which tensors the checkpoint contains', () => {
    const found: boolean[] = [];
    requested({ w: { shape: [1] } }, (_, has) => found.push(has('w'), has('x')));
    expect(found).toEqual([true, false]);
  });

  it.each<[string, Tensors, Ask, string]>([
    [
      'a matrix',
      {},
      (p) => p.matrix(['h.0.w'], { inputs: 3, outputs: [2] }),
      'h.0.w: the tensor is missing; shape [2, 3]',
    ],
    [
      'a part',
      { q: { shape: [1, 3] } },
      (p) => p.matrix(['q', 'k'], { inputs: 3, outputs: [1, 2] }),
      'k: the tensor is missing; shape [2, 3]',
    ],
    ['a vector', {}, (p) => p.vector(['v'], [2]), 'v: the tensor is missing; shape [2]'],
  ])('rejects a checkpoint that lacks %s, by its name', (_, tensors, ask, message) => {
    expect(() => requested(tensors, ask)).toThrow(LoadError);
    expect(() => requested(tensors, ask)).toThrow(message);
  });

  it.each<[string, readonly number[], Ask, readonly number[]]>([
    ['a matrix the other way round', [3, 2], (p) => p.matrix(['x'], { inputs: 3, outputs: [2] }), [2, 3]],
    [
      'a matrix by outputs where inputs were expected',
      [2, 3],
      (p) => p.matrix(['x'], { inputs: 3, outputs: [2], layout: 'input-output' }),
      [3, 2],
    ],
    ['too few outputs for all parts', [2, 3], (p) => p.matrix(['x'], { inputs: 3, outputs: [1, 2] }), [3, 3]],
    ['a vector of another length', [3], (p) => p.vector(['x'], [2]), [2]],
    ['a vector for a matrix', [6], (p) => p.matrix(['x'], { inputs: 3, outputs: [2] }), [2, 3]],
    ['a matrix for a vector', [2, 2], (p) => p.vector(['x'], [2]), [2]],
    ['a scalar', [], (p) => p.vector(['x'], [1]), [1]],
    ['an empty matrix', [0, 3], (p) => p.matrix(['x'], { inputs: 3, outputs: [2] }), [2, 3]],
  ])('rejects %s', (_, shape, ask, expected) => {
    expect(() => requested({ x: { shape } }, ask)).toThrow(ShapeError);
    expect(() => requested({ x: { shape } }, ask)).toThrow(
      `model.safetensors: the tensor 'x' must have shape [${expected.join(', ')}], but it has [${shape.join(', ')}].`,
    );
  });

  it('accepts a matrix of one number', () => {
    const tensors = { x: { shape: [1, 1] } };
    expect(requested(tensors, (p) => p.matrix(['x'], { inputs: 1, outputs: [1] }))).toHaveLength(1);
  });
});
