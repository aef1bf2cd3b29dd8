import { type History, ParameterError, Random, type Sampler } from '@tokenwright/core';
import { RunState, sampleToken, topTokens } from '@tokenwright/core/sampling';
import { candidatesOf, testRow } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import * as compat from '../compat.ts';
import { adaptiveP, mirostat1, mirostat2 } from '../index.ts';

const V = 64;
const logitsAt = (position: number): Float32Array =>
  Float32Array.from({ length: V }, (_, id) => 3 * Math.sin((id + 1) * (position + 3) ** 1.5));

/** The rows of a chain on a sequence that takes, at each step, the token of the given rank among those left. */
function run(samplers: readonly Sampler[], ranks: readonly number[], from?: History, state = new RunState()) {
  let history = from;
  const shapes: number[][] = [];
  for (const rank of ranks) {
    const row = testRow(logitsAt(history?.length ?? 0), { state, ...(history === undefined ? {} : { history }) });
    samplers.forEach((sampler, index) => {
      row.apply(sampler, index);
    });
    shapes.push([...row.logits]);
    const left = topTokens(row.logits, V, row.candidates);
    history = row.extend(left.at(rank % left.length)!);
  }
  return { shapes, history: history!, state };
}

const controllers = [mirostat1({ tau: 2, eta: 1 }), mirostat2({ tau: 2, eta: 1 }), adaptiveP({ target: 0.3 })].map(
  (sampler) => [sampler.name, sampler] as const,
);

test.each(controllers)(
  '%s: a fork continues like the original sequence, whatever the other branch does',
  (_, sampler) => {
    const whole = run([sampler], [0, 3, 1, 0, 0, 0]);
    const start = run([sampler], [0, 3, 1]);
    const other = run([sampler], [-1, -1, -1], start.history, start.state);
    const branch = run([sampler], [0, 0, 0], start.history, start.state);
    expect(branch.shapes).toEqual(whole.shapes.slice(3));
    const remembered = ({ history, state }: typeof whole) => state.at(history, 0).get();
    expect(remembered(branch)).toEqual(remembered(whole));
    expect(remembered(other)).not.toEqual(remembered(branch));
  },
);

test.each(controllers)('%s: one object used for two rows in turn is as two objects', (_, sampler) => {
  const alone = run([sampler], [1, 2, 3, 4]);
  const state = new RunState();
  let a: History | undefined;
  let b: History | undefined;
  const shapes: number[][] = [];
  for (const [first, second] of [
    [1, 40],
    [2, 41],
    [3, 42],
    [4, 43],
  ] as const) {
    const rowA = run([sampler], [first], a, state);
    const rowB = run([sampler], [second], b, state);
    shapes.push(rowA.shapes[0]!);
    a = rowA.history;
    b = rowB.history;
  }
  expect(shapes).toEqual(alone.shapes);
});

test.each(controllers)('%s twice in a chain: each has its own state', (_, sampler) => {
  const copy = { ...sampler };
  expect(run([sampler, sampler], [0, 3, 1]).shapes).toEqual(run([sampler, copy], [0, 3, 1]).shapes);
});

test('mirostat 2: mu starts at 2 tau, and a surprising token lowers it', () => {
  const state = new RunState();
  const row = testRow([Math.log(0.5), Math.log(0.25), Math.log(0.25)], { state });
  row.apply(mirostat2({ tau: 1.01 }), 0);
  expect(candidatesOf(row.logits)).toEqual([0, 1, 2]);
  const next = row.extend(1);
  const second = testRow([Math.log(0.5), Math.log(0.25), Math.log(0.25)], { state, history: next });
  // mu = 2.02 - 0.1 * (2 - 1.01) = 1.921, and the surprise of 1 and 2 is 2 bits.
  second.apply(mirostat2({ tau: 1.01 }), 0);
  expect(candidatesOf(second.logits)).toEqual([0]);
  expect(state.at(second.extend(0), 0).get()).toBeCloseTo(1.921, 6);
});

test('a forced token leaves mu alone', () => {
  const state = new RunState();
  const row = testRow([0, 0], { state });
  row.apply(mirostat2({ tau: 1 }), 0);
  const forced = row.context.history.append(1);
  const second = testRow([0, 0], { state, history: forced });
  second.apply(mirostat2({ tau: 1 }), 0);
  expect(state.at(second.extend(0), 0).get()).toBe(2);
});

test.each([1, 2.5, 4])('mirostat 2 holds the surprise near %d bits', (tau) => {
  const random = new Random(5);
  const state = new RunState();
  let row = testRow(logitsAt(0), { state });
  let bits = 0;
  for (let position = 0; position < 600; position++) {
    row.apply(mirostat2({ tau }), 0);
    const id = sampleToken(row.logits, random.key(0, position, 'draw'), row.candidates);
    const history = row.extend(id);
    if (position >= 100) bits += -Math.log2(state.sampled(history, 0)!.after);
    row = testRow(logitsAt(position + 1), { state, history });
  }
  expect(Math.abs(bits / 500 - tau)).toBeLessThan(0.3);
});

test('mirostat 1 on flat, single and broken rows', () => {
  const after = (logits: number[], options = {}) => {
    const row = testRow(logits);
    row.apply(compat.mirostat1(options), 0);
    return [...row.logits];
  };
  expect(after([1, 1, 1, 1])).toEqual([1, 1, 1, 1]);
  expect(after([-Infinity, 1])).toEqual([-Infinity, 1]);
  expect(after([1, Number.NaN])).toEqual([1, Number.NaN]);
  expect(after([3, 2.9, 2.8, 2.7], { tau: 30 })).toEqual([3, 2.9, 2.8, 2.7].map(Math.fround));
  expect(candidatesOf(after([3, 2.9, 2.8, 2.7], { tau: 30, overflow: 'keep-one' }))).toEqual([0]);
});

test('adaptive-p raises what is near the target', () => {
  const row = testRow([0.5, 0.3, 0.2, 0].map(Math.log));
  row.apply(adaptiveP({ target: 0.3 }), 0);
  // x = 2/3, 0, 1/3.
  const at = (x: number): number => 5 - (10 * x * x) / (1 + x);
  expect(row.logits[0]).toBeCloseTo(at(2 / 3), 5);
  expect(row.logits[1]).toBeCloseTo(5, 5);
  expect(row.logits[2]).toBeCloseTo(at(1 / 3), 5);
  expect(row.logits[3]).toBe(-Infinity);
});

test('refuse what they cannot do', () => {
  expect(() => mirostat1({ m: 1 })).toThrow(ParameterError);
  expect(() => mirostat2({ tau: -1 })).toThrow(ParameterError);
  expect(() => adaptiveP({ target: -1 })).toThrow(ParameterError);
  expect(() => adaptiveP({ target: 0.5, decay: 1 })).toThrow(ParameterError);
});
