import '@tensorflow/tfjs-backend-cpu';
import { ParameterError, ShapeError } from '@tokenwright/core';
import type { Architecture, Operations, Weight } from '@tokenwright/core/engine';
import { createModel } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { describe, expect, it } from 'vitest';
import { fusedWasm } from '../wasm/index.ts';
import { errorOf, logitsOf, text } from '../wasm/testing/logits.ts';
import { randomSource } from '../wasm/testing/tiny-models.ts';
import { compile } from './compiler.ts';
import { Recorder, type Value } from './recorder.ts';

const [width, vocabSize] = [24, 31];

interface Tree {
  readonly table: Weight;
  readonly weight: Weight;
  readonly bias: Weight;
  readonly a: Weight;
  readonly b: Weight;
  readonly c: Weight;
  readonly rotary: Weight;
}

type Op = <X>(op: Operations<X, Weight>, weights: Tree) => X;

/** An architecture with the given forward pass over a few weights. Its head is the token table. */
function architecture(forward: Op): Architecture<object, Tree> {
  return {
    name: 'test',
    configure: () => ({}),
    dimensions: () => ({ vocabSize, contextLength: 128, width, layers: 1, kvHeads: 2, headDim: width / 2 }),
    parameters: (p) => ({
      table: p.matrix(['table'], { inputs: width, outputs: [vocabSize], use: 'embedding' }),
      weight: p.vector(['weight'], [width]),
      bias: p.vector(['bias'], [width]),
      a: p.matrix(['a'], { inputs: width, outputs: [width] }),
      b: p.matrix(['b'], { inputs: width, outputs: [width, width, width] }),
      c: p.matrix(['c'], { inputs: width, outputs: [width, width], use: 'gateUp' }),
      rotary: p.table(() => Float32Array.from({ length: 128 * 8 }, (_, i) => Math.cos(i)), 128, 8),
    }),
    forward: (op, weights) => forward(op, weights),
    head: (op, weights, _config, hidden) => op.linear(hidden, weights.table),
  };
}

const norm = <X>(op: Operations<X, Weight>, { weight, bias }: Tree, x: X): X =>
  op.norm(x, { kind: 'layer', weight, bias, epsilon: 1e-5 });

/** Forward passes with the cases that a compiler may get wrong. */
const passes: Record<string, Op> = {
  'parallel residuals: a folded norm is used after its input was a residual': (op, weights) => {
    const x = op.embed(weights.table);
    const normed = norm(op, weights, x);
    const y = op.linear(normed, weights.a, { bias: weights.bias, residual: x });
    return op.linear(normed, weights.a, { residual: y, activation: 'gelu' });
  },
  'post-norm: a norm is an input and a residual': (op, weights) => {
    const x = norm(op, weights, op.embed(weights.table));
    return norm(op, weights, op.linear(op.linear(x, weights.a, { activation: 'relu' }), weights.a, { residual: x }));
  },
  'a norm that is split and attended to': (op, weights) => {
    const x = op.embed(weights.table);
    const [q, k, v] = op.split(op.linear(x, weights.b), [width, width, width]) as [typeof x, typeof x, typeof x];
    const attended = op.attend(norm(op, weights, q), norm(op, weights, k), norm(op, weights, v), {
      layer: 0,
      heads: 2,
      kvHeads: 2,
      softcap: 3,
      window: 7,
    });
    const [whole] = op.split(norm(op, weights, attended), [width]) as [typeof x];
    return op.add(x, op.scale(op.linear(attended, weights.a, { residual: whole }), 0.5));
  },
  'rotary positions: of queries only, partial, interleaved, and unfolded': (op, weights) => {
    const x = op.embed(weights.table, { scale: 2 });
    const [q, k, v] = op.split(op.linear(x, weights.b), [width, width, width]) as [typeof x, typeof x, typeof x];
    const options = { headDim: 12, table: weights.rotary, rotated: 8, style: 'interleaved' } as const;
    const turned = op.rotary(q, options);
    const attended = op.attend(turned, k, op.rotary(v, { ...options, style: 'neox' }), {
      layer: 0,
      heads: 2,
      kvHeads: 2,
    });
    return op.softcap(op.add(attended, op.add(turned, turned)), 5);
  },
  'one value as input and residual': (op, weights) => {
    const x = op.embed(weights.table);
    const y = op.linear(x, weights.a, { residual: x });
    return op.gated(op.linear(norm(op, weights, y), weights.a, { residual: y }), weights.c, 'gelu-tanh');
  },
  'grouped norms and products': (op, weights) => {
    const x = op.embed(weights.table);
    const y = op.norm(op.linear(x, weights.b), {
      kind: 'rms',
      weight: weights.weight,
      epsilon: 1e-6,
      groups: 3,
    });
    const [a, b, c] = op.split(y, [width, width, width]) as [typeof x, typeof x, typeof x];
    return op.multiply!(op.add(a, b), c);
  },
};

describe('a compiled forward pass equals the reference', () => {
  it.each(Object.entries(passes))('%s', async (_name, forward) => {
    const tiny = architecture(forward);
    const source = randomSource(tiny, {}, 7, 0.4);
    const engines = [await fusedWasm({ threads: 1 }).start(), await referenceEngine({ backend: 'cpu' })];
    const [received, expected] = await Promise.all(
      engines.map(async (engine) => logitsOf(await createModel(engine, tiny, {}, source), text(40, vocabSize))),
    );
    expect(errorOf(received!, expected!)).toBeLessThan(1e-4);
    for (const engine of engines) await engine.dispose();
  });
});

describe('compile', () => {
  const handles = (): { recorder: Recorder; weight: Weight; matrix: Weight } => {
    const [weight, matrix]: Weight[] = [{}, {}];
    const recorder = new Recorder(
      new Map([
        [weight!, { kind: 'vector', weight: weight!, names: ['weight'], lengths: [8], plus: 0 }],
        [matrix!, { kind: 'matrix', weight: matrix!, names: ['matrix'], shape: { inputs: 8, outputs: [8] } }],
      ]),
    );
    return { recorder, weight: weight!, matrix: matrix! };
  };
  const rms = (weight: Weight) => ({ kind: 'rms', weight, epsilon: 1e-5 }) as const;

  it('rejects a norm that nothing reads', () => {
    const { recorder, weight } = handles();
    const input = recorder.input(8);
    recorder.norm(input, rms(weight));
    expect(() => compile(recorder.operations, { maxTokens: 4, input, result: input, name: 'test' })).toThrow(
      /a norm that nothing reads/,
    );
  });

  it('folds norms into the linear maps that read them, and writes a residual in place', () => {
    const { recorder, weight, matrix } = handles();
    const input = recorder.input(8);
    const x = recorder.linear(input, matrix);
    const result = recorder.linear(recorder.norm(x, rms(weight)), matrix, {
      residual: recorder.linear(x, matrix),
    });
    const { steps, offsets, arenaBytes } = compile(recorder.operations, { maxTokens: 4, input, result, name: 'test' });
    expect(steps.map(({ kind }) => kind)).toEqual(['linear', 'linear', 'linear']);
    const residual = (recorder.operations[2] as { result: Value }).result;
    expect(offsets.get(result)).toBe(offsets.get(residual));
    expect(arenaBytes).toBe(2 * 128);
  });

  it('names the operation and both sizes when operands do not fit', () => {
    const { recorder, weight, matrix } = handles();
    expect(() => recorder.linear(recorder.input(9), matrix)).toThrow(ShapeError);
    expect(() => recorder.linear(recorder.input(9), matrix)).toThrow(
      'linear: inputs must have shape [8], but it has [9].',
    );
    expect(() => recorder.norm(recorder.input(9), rms(weight))).toThrow(/norm: weight/);
    expect(() => recorder.split(recorder.input(8), [3, 4])).toThrow(/split: widths/);
    expect(() => recorder.linear(recorder.input(8), weight)).toThrow(ParameterError);
    expect(() => recorder.linear(recorder.input(8), matrix, { activation: 'mish' as never })).toThrow(/activation/);
    expect(() => recorder.gated(recorder.input(8), matrix, 'silu')).toThrow(/gateUp/);
  });
});
