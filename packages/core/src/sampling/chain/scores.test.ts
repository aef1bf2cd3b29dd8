import type { Tensor2D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { sampleToken } from '../../draw/race.ts';
import type { EngineMatrix, TopOfRow } from '../../engine/engine.ts';
import { HostMatrix } from '../../engine/host-matrix.ts';
import type { TensorFlow } from '../../engine/tensorflow.ts';
import { DisposedError, EmptyDistributionError, InvalidLogitsError, UnsupportedError } from '../../errors.ts';
import { testRow } from '../../testing/samplers/sampler-cases.ts';
import type { TokenControl } from '../control.ts';
import { logSumExp, topTokens } from '../distribution.ts';
import type { DeviceSampler, HostSampler, MaskSampler, Sampler, SamplerTraits } from '../sampler.ts';
import type { ScoresSetting } from './device-stages.ts';
import { Scores } from './scores.ts';

const removed = -Infinity;
const traits: SamplerTraits = {
  keepsArgMax: false,
  narrows: false,
};

/** A matrix of a pretended device, whose tensors are matrices of the same kind. It keeps count of what is done with it. */
class DeviceMatrix extends HostMatrix {
  readonly log: string[];

  constructor(values: ArrayLike<number>, columns: number, log: string[]) {
    super(Float32Array.from(values), values.length / columns, columns);
    this.log = log;
  }

  override async read(rows?: readonly number[]): Promise<Float32Array> {
    this.log.push('read');
    return super.read(rows);
  }

  map(work: (tensor: Tensor2D, tf: TensorFlow) => Tensor2D): EngineMatrix {
    this.log.push('map');
    return work(this as unknown as Tensor2D, {} as TensorFlow) as unknown as EngineMatrix;
  }

  override dispose(): void {
    this.log.push('dispose');
    super.dispose();
  }
}

/** Edits a row on the host. */
const host = (name: string, edit: (row: Float32Array) => void, more: Partial<SamplerTraits> = {}): HostSampler => ({
  name,
  traits: { ...traits, ...more },
  onHost: edit,
});
/** Writes a value for one token, in each row of the pretended device. */
const far = (name: string, id: number, value: number): DeviceSampler => ({
  name,
  onDevice(x) {
    const { columns, rows, log } = x as unknown as DeviceMatrix;
    log.push(`${name} on device`);
    const values = new Float32Array(rows * columns);
    for (const [i, row] of pretended.get(x as unknown as DeviceMatrix)!.entries())
      values.set(row.with(id, value), i * columns);
    return matrixOf(values, columns, log) as unknown as Tensor2D;
  },
});
const both = (name: string, id: number, value: number): HostSampler & DeviceSampler => ({
  ...far(name, id, value),
  onHost: (logits) => logits.fill(value, id, id + 1),
});

/** The rows of each device matrix, for the pretended operations. */
const pretended = new WeakMap<DeviceMatrix, Float32Array[]>();
function matrixOf(values: Float32Array, columns: number, log: string[]): DeviceMatrix {
  const matrix = new DeviceMatrix(values, columns, log);
  pretended.set(
    matrix,
    Array.from({ length: matrix.rows }, (_, row) => values.slice(row * columns, (row + 1) * columns)),
  );
  return matrix;
}

const onHost: ScoresSetting = { tensorBackend: undefined, readbackIsExpensive: false };
const near: ScoresSetting = { tensorBackend: 'near', readbackIsExpensive: false };
const remote: ScoresSetting = { tensorBackend: 'far', readbackIsExpensive: true };

/** Scores of some rows, three tokens after the prompt of each; with a log of what happens to their matrix. */
function scoresOf(rows: readonly (readonly number[])[], setting = onHost): { scores: Scores; log: string[] } {
  const log: string[] = [];
  const columns = rows[0]!.length;
  const logits = matrixOf(Float32Array.from(rows.flat()), columns, log);
  const contexts = rows.map((row, i) => testRow(row, { prompt: [0, 0, 0], seed: 40 + i }).context);
  const result = { logits, scored: rows.map(() => 1), dispose: () => logits.dispose() };
  return { scores: new Scores(result, contexts, setting), log };
}

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('Scores', () => {
  it('do nothing until a result is asked for, and then work once', async () => {
    const { scores, log } = scoresOf([[1, 2, 3]]);
    let runs = 0;
    scores.apply([host('counting', () => void runs++)]);
    expect([log.length, runs]).toEqual([0, 0]);
    await scores.sample();
    await scores.probabilities(0);
    await scores.logits(0);
    expect([log, runs]).toEqual([['read'], 1]);
  });

  it('apply what is added later after what was there', async () => {
    const { scores } = scoresOf([[1, 2, 3]]);
    scores.apply([host('doubling', (row) => row.set(row.map((logit) => 2 * logit)))]);
    expect([...(await scores.logits(0))]).toEqual([2, 4, 6]);
    scores.apply([host('adding', (row) => row.set(row.map((logit) => logit + 1)))]);
    expect([...(await scores.logits(0))]).toEqual([3, 5, 7]);
  });

  it('keep the logits of the model apart from what the stages make of them', async () => {
    const { scores } = scoresOf([
      [1, 2],
      [3, 4],
    ]);
    const clearing = host('clearing', (row) => row.fill(removed, 0, 1));
    expect([...(await scores.apply([clearing]).logits(1))]).toEqual([removed, 4]);
    expect([...(await scores.raw(0)), ...(await scores.raw(1))]).toEqual([1, 2, 3, 4]);
    expect([...(await scores.apply([clearing]).logits(0))]).toEqual([removed, 2]);
  });

  it('keep them apart also when they were read before the stages ran', async () => {
    const { scores } = scoresOf([[1, 2]]);
    await scores.raw(0);
    expect([...(await scores.apply([host('clearing', (row) => row.fill(removed, 0, 1))]).logits(0))]).toEqual([
      removed,
      2,
    ]);
    expect([...(await scores.raw(0))]).toEqual([1, 2]);
  });

  it('draw with the key of each row', async () => {
    const even = new Array<number>(1000).fill(0);
    const { scores } = scoresOf([even, even]);
    const drawn = (stage: 'draw' | 'residual') =>
      scores.contexts.map(({ random }) => sampleToken(Float32Array.from(even), random.key(0, 3, stage)));
    expect(await scores.sample()).toEqual(drawn('draw'));
    expect(await scores.sample('residual')).toEqual(drawn('residual'));
    expect(drawn('residual')).not.toEqual(drawn('draw'));
  });

  it('take the largest without a draw when the chain ends by selecting it', async () => {
    const calls: string[] = [];
    const skipped = host('skipped', () => void calls.push('skipped'), { keepsArgMax: true });
    const needed = host('needed', (row) => row.fill(9, 1, 2));
    const select = host('select', () => void calls.push('select'), { selectsArgMax: true });
    const { scores } = scoresOf([[1, 2, 3]]);
    expect(await scores.apply([needed, skipped, select]).sample()).toEqual([1]);
    expect(calls).toEqual(['select']);
  });

  it('give probabilities and log-probabilities of what is left', async () => {
    const { scores } = scoresOf([[0.2, 0.3, 0.5].map(Math.log)]);
    scores.apply([host('clearing', (row) => row.fill(removed, 2))]);
    const [p, l] = [await scores.probabilities(0), await scores.logProbabilities(0)];
    for (const [id, expected] of [0.4, 0.6].entries()) {
      expect(p[id]).toBeCloseTo(expected, 6);
      expect(l[id]).toBeCloseTo(Math.log(expected), 6);
    }
    expect([p[2], l[2]]).toEqual([0, removed]);
  });

  it('describe a token as the model saw it, whatever the stages did', async () => {
    const { scores } = scoresOf([[0.2, 0.3, 0.5].map(Math.log)]);
    scores.apply([host('clearing', (row) => row.fill(removed, 1))]);
    const details = await scores.describe(0, 1, { top: 2, ids: [0, 1] });
    expect(details.rank).toBe(2);
    expect(details.logprob).toBeCloseTo(Math.log(0.3), 6);
    expect(details.top!.map(({ id }) => id)).toEqual([2, 1]);
    expect(details.named!.map(({ id }) => id)).toEqual([0, 1]);
    expect(details.named![0]!.logprob).toBeCloseTo(Math.log(0.2), 6);
    expect(Object.keys(await scores.describe(0, 1))).toEqual(['logprob', 'rank']);
  });

  it('report how the token was sampled to stateful stages when they extend a history', async () => {
    const { scores } = scoresOf([[Math.log(0.25), Math.log(0.75)]]);
    scores.apply([host('remembering', () => undefined, { stateful: true })]);
    const child = await scores.extend(0, 1);
    expect([...child.tokens]).toEqual([0, 0, 0, 1]);
    expect(scores.contexts[0]!.state.sampled(child, 0)!.after).toBeCloseTo(0.75, 6);
  });
});

describe('an error of a draw', () => {
  const nan = host('spoiling', (row) => row.fill(Number.NaN, 1, 2));
  const infinite = host('exploding', (row) => row.fill(Infinity, 2, 3));
  const clear = host('clearing', (row) => row.fill(removed));
  const nothing = host('nothing', () => undefined);
  const greedy = host('greedy', (row) => row.fill(removed, 0, 1), { selectsArgMax: true });
  const mask: MaskSampler = { name: 'mask', mask: () => new Uint32Array(1) };

  it.each<[string, number[], Sampler[], ScoresSetting, new (...given: never[]) => Error, string]>([
    ['the model for NaN', [0, Number.NaN, 0], [nothing], onHost, InvalidLogitsError, 'model'],
    ['the model for +Infinity', [Infinity, 0, 0], [], onHost, InvalidLogitsError, 'model'],
    ['the model for nothing at all', [removed, removed, removed], [clear], onHost, EmptyDistributionError, 'model'],
    ['a stage for NaN', [0, 0, 0], [nothing, nan, nothing], onHost, InvalidLogitsError, 'spoiling'],
    ['a stage for +Infinity', [0, 0, 0], [nothing, infinite], onHost, InvalidLogitsError, 'exploding'],
    ['a stage for removing all', [0, 0, 0], [nothing, clear, nan], onHost, EmptyDistributionError, 'clearing'],
    ['a mask for allowing none', [0, 0, 0], [mask, nothing], onHost, EmptyDistributionError, 'mask'],
    ['a stage before a selection for NaN', [0, 0, 0], [nan, greedy], onHost, InvalidLogitsError, 'spoiling'],
    ['a selection for leaving nothing', [0, removed, removed], [greedy], onHost, EmptyDistributionError, 'greedy'],
    [
      'a device stage for NaN',
      [0, 0, 0],
      [far('first', 0, 1), far('spoiling', 1, Number.NaN), far('last', 2, 1)],
      remote,
      InvalidLogitsError,
      'spoiling',
    ],
    [
      'a device stage, not the host stages after it',
      [0, 0, 0],
      [far('spoiling', 1, Number.NaN), nothing],
      near,
      InvalidLogitsError,
      'spoiling',
    ],
    [
      'a host stage after a device stage',
      [0, 0, 0],
      [far('first', 1, 1), clear, nothing],
      remote,
      EmptyDistributionError,
      'clearing',
    ],
    ['the model before device stages', [Number.NaN, 0, 0], [far('first', 1, 1)], remote, InvalidLogitsError, 'model'],
  ])('blames %s', async (_, logits, stages, setting, type, stage) => {
    const { scores } = scoresOf([logits], setting);
    const error = await failure(scores.apply(stages).sample());
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ stage, position: 3 });
  });

  it('is about the row that fails, not about the sound ones', async () => {
    const { scores } = scoresOf([
      [0, 0, 0],
      [removed, 0, removed],
    ]);
    const error = await failure(scores.apply([host('picky', (row) => row.fill(removed, 1, 2))]).sample());
    expect(error).toMatchObject({ stage: 'picky' });
    expect(
      await failure(
        scoresOf([[0, 0, 0]])
          .scores.apply([nothing])
          .sample(),
      ),
    ).toBeUndefined();
  });
});

describe('stages on the device', () => {
  it('run there as far as they can where reading back is expensive, and the data moves once', async () => {
    const { scores, log } = scoresOf([[1, 2, 3]], remote);
    const tail = host('tail', (row) => row.fill(7, 2));
    scores.apply([both('a', 0, 10), far('b', 1, 20), tail, both('c', 0, 30)]);
    expect([...(await scores.logits(0))]).toEqual([30, 20, 7]);
    expect(log).toEqual(['map', 'a on device', 'map', 'b on device', 'dispose', 'read', 'dispose']);
  });

  it('run on the host where reading costs nothing and each has a host form', async () => {
    const { scores, log } = scoresOf([[1, 2, 3]], near);
    expect([...(await scores.apply([both('a', 0, 10)]).logits(0))]).toEqual([10, 2, 3]);
    expect(log).toEqual(['read']);
  });

  it('run on the device with all before them when one has no other form', async () => {
    const { scores, log } = scoresOf([[1, 2, 3]], near);
    scores.apply([both('a', 0, 10), far('b', 1, 20), both('c', 2, 30)]);
    expect([...(await scores.logits(0))]).toEqual([10, 20, 30]);
    expect(log).toEqual(['map', 'a on device', 'map', 'b on device', 'dispose', 'read', 'dispose']);
  });

  it('run on the host on a remote engine that gives no tensors', async () => {
    const { scores, log } = scoresOf([[1, 2, 3]], { tensorBackend: undefined, readbackIsExpensive: true });
    expect([...(await scores.apply([both('a', 0, 10)]).logits(0))]).toEqual([10, 2, 3]);
    expect(log).toEqual(['read']);
  });

  it('are refused after stages that only have a host form', async () => {
    const { scores } = scoresOf([[1, 2]], remote);
    const error = await failure(scores.apply([host('near', () => undefined), far('far', 0, 1)]).sample());
    expect(error).toBeInstanceOf(UnsupportedError);
    expect((error as Error).message).toContain("the device-only sampler 'far'");
  });

  it('are refused on an engine without a TF.js backend', async () => {
    const { scores } = scoresOf([[1, 2]], onHost);
    const error = await failure(scores.apply([far('far', 0, 1)]).sample());
    expect(error).toBeInstanceOf(UnsupportedError);
    expect((error as Error).message).toContain("'far'");
  });

  it('receive the position of each row', async () => {
    const seen: unknown[] = [];
    const { scores } = scoresOf([[1], [2]], remote);
    const spy: DeviceSampler = {
      name: 'spy',
      onDevice: (x, { rows }) => {
        seen.push(rows.map(({ position, random }) => [position, random()]));
        return x;
      },
    };
    await failure(scores.apply([spy]).sample());
    expect(seen).toEqual([scores.contexts.map(({ random }) => [3, random.uniform(0, 3, { sampler: 0 })])]);
  });
});

describe('what is read back where reading back is expensive', () => {
  /** A matrix that can select, as an engine's own would. */
  class SelectingMatrix extends HostMatrix {
    readonly log: string[] = [];
    readonly values: Float32Array;

    constructor(values: readonly number[]) {
      super(Float32Array.from(values), 1, values.length);
      this.values = Float32Array.from(values);
    }

    override async read(): Promise<Float32Array> {
      this.log.push('read');
      return super.read();
    }

    async top(count: number): Promise<readonly TopOfRow[]> {
      this.log.push(`top ${count}`);
      const ids = topTokens(this.values, count);
      const values = ids.length === 0 ? new Float32Array(0) : Float32Array.from(ids, (id) => this.values[id]!);
      return [{ ids, values, named: new Float32Array(0), logSumExp: logSumExp(this.values) }];
    }
  }
  const largestTwo: HostSampler = {
    ...host('largest-two', (row) => void row),
    traits: { ...traits, narrows: true },
    kernel: { reads: 2 },
    onHost: (logits, step) => step.keep(logits, topTokens(logits, 2, step.candidates)),
  };
  const open = (values: readonly number[], samplers: Sampler[], control?: TokenControl, setting = remote) => {
    const logits = new SelectingMatrix(values);
    const context = { ...testRow(values, { prompt: [0, 0, 0] }).context, ...(control && { control }) };
    const result = { logits, scored: [1], dispose: () => logits.dispose() };
    return { scores: new Scores(result, [context], setting).apply(samplers), log: logits.log };
  };

  it('is only as much as the first stage on the host reads', async () => {
    const { scores, log } = open([1, 4, 2, 3], [largestTwo]);
    expect([...(await scores.logits(0))]).toEqual([removed, 4, removed, 3]);
    expect(log).toEqual(['top 2']);
  });

  it.each<[string, readonly number[], Sampler[], TokenControl | undefined, ScoresSetting]>([
    ['the stage reads all', [1, 4, 2, 3], [host('all', () => undefined)], undefined, remote],
    [
      'the stage remembers',
      [1, 4, 2, 3],
      [{ ...largestTwo, traits: { ...traits, stateful: true } }],
      undefined,
      remote,
    ],
    ['a token is banned', [1, 4, 2, 3], [largestTwo], { ban: [1] }, remote],
    ['the row is broken', [1, Number.NaN, 2, 3], [largestTwo], undefined, remote],
    ['reading is cheap', [1, 4, 2, 3], [largestTwo], undefined, near],
  ])('is the whole row when %s', async (_, values, samplers, control, setting) => {
    const { scores, log } = open(values, samplers, control, setting);
    await scores.logits(0);
    expect(log.at(-1)).toBe('read');
  });

  it('is nothing for a forced token', async () => {
    const { scores, log } = open([1, 4, 2, 3], [largestTwo], { force: [2] });
    expect(await scores.sample()).toEqual([2]);
    expect([...(await scores.extend(0, 2)).tokens]).toEqual([0, 0, 0, 2]);
    expect(log).toEqual([]);
  });
});

describe('disposed scores', () => {
  it('refuse every use, and dispose their result once', async () => {
    const { scores, log } = scoresOf([[1, 2]]);
    scores.dispose();
    scores.dispose();
    expect(log).toEqual(['dispose']);
    for (const use of [
      () => scores.sample(),
      () => scores.logits(0),
      () => scores.probabilities(0),
      () => scores.logProbabilities(0),
      () => scores.raw(0),
      () => scores.describe(0, 0),
      () => scores.explain(0),
      () => scores.extend(0, 0),
      async () => scores.apply([]),
      async () => scores.result,
    ])
      expect(await failure(use())).toBeInstanceOf(DisposedError);
  });
});
