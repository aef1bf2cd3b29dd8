import { describe, expect, it } from 'vitest';
import {
  EmptyDistributionError,
  InvalidLogitsError,
  ParameterError,
  UnknownOptionError,
  UnsupportedError,
} from '../../errors.ts';
import { generate } from '../../generate/generate.ts';
import { toyModel } from '../../testing/toy-model.ts';
import { History } from '../history.ts';
import { RunState } from '../run-state.ts';
import type { Sampler } from '../sampler.ts';
import { sampleLogits } from './sample-logits.ts';

const model = toyModel({ vocabSize: 12, seed: 3 });

/** Uses its own random number. */
const noisy: Sampler = {
  name: 'noisy',
  onHost(logits, { random }) {
    for (let id = 0; id < logits.length; id++) logits[id]! += random(id);
  },
};
/** Removes the last token, and keeps the larger half of the rest. */
const half: Sampler = {
  name: 'half',
  traits: { narrows: true },
  onHost(logits, step) {
    const last = step.history.at(-1);
    const ids = [...logits.keys()].filter((id) => id !== last).sort((a, b) => logits[b]! - logits[a]!);
    step.keep(logits, ids.slice(0, 6));
  },
};
/** Flattens by how surprising the sampled tokens were so far. */
const feedback: Sampler = {
  name: 'feedback',
  traits: { stateful: true },
  onHost(logits, { state, sampled }) {
    const surprise = (state.get<number>() ?? 0) - Math.log(sampled?.after ?? 1);
    state.set(surprise);
    for (let id = 0; id < logits.length; id++) logits[id]! /= 1 + surprise;
  },
};
const greedy: Sampler = {
  name: 'greedy',
  traits: { selectsArgMax: true, keepsArgMax: true },
  onHost(logits, step) {
    step.keep(logits, [logits.indexOf(Math.max(...logits))]);
  },
};
const even: Sampler = { name: 'even', mask: () => Uint32Array.of(0x55555555) };

describe('sampleLogits', () => {
  it.each<[string, readonly Sampler[]]>([
    ['no chain', []],
    ['random numbers of its own', [noisy]],
    ['a filter', [noisy, half]],
    ['a mask', [even, noisy]],
    ['state', [half, feedback]],
    ['greedy', [noisy, greedy]],
  ])('samples what generate samples, with %s', async (_, samplers) => {
    for (const seed of [0, 7, 8]) {
      const expected = await generate(model, [1, 2, 3], { samplers, seed, maxNewTokens: 15, eosTokenIds: [] });
      const state = new RunState();
      let history = History.of([1, 2, 3]);
      while (history.length < 18)
        ({ history } = sampleLogits(model.logitsAfter(history.tokens), samplers, {
          history,
          seed,
          state,
          promptLength: 3,
        }));
      expect([...history.tokens.subarray(3)]).toEqual(expected.ids[0]);
    }
  });

  it('takes plain arrays, and a position in place of a history', () => {
    const logits = model.logitsAfter([1, 2]);
    const drawn = (position: number): number => sampleLogits([...logits], [noisy], { seed: 7, position }).id;
    const ids = Array.from({ length: 40 }, (_, i) => drawn(i));
    expect(ids).toEqual(
      ids.map((_, i) => sampleLogits(logits, [noisy], { seed: 7, history: new Array<number>(i).fill(1) }).id),
    );
    expect(new Set(ids).size).toBeGreaterThan(3);
  });

  it('draws other tokens for other sequences, and without a seed', () => {
    const logits = new Float32Array(12);
    const bySequence = Array.from({ length: 40 }, (_, sequence) => sampleLogits(logits, [], { seed: 7, sequence }).id);
    expect(new Set(bySequence).size).toBeGreaterThan(5);
    expect(new Set(Array.from({ length: 40 }, () => sampleLogits(logits).id)).size).toBeGreaterThan(3);
  });

  it('leaves the logits as they are, and returns probabilities when asked to', () => {
    const logits = model.logitsAfter([1, 2]);
    const before = logits.slice();
    const { id, history, probabilities } = sampleLogits(logits, [half], { seed: 7, history: [2], probabilities: true });
    expect(logits).toEqual(before);
    expect([...history.tokens]).toEqual([2, id]);
    expect(probabilities!.filter((p) => p > 0).length).toBe(6);
    expect(probabilities!.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    expect(sampleLogits(logits)).not.toHaveProperty('probabilities');
  });

  it('tells samplers what they ask for', () => {
    let seen: unknown;
    const curious: Sampler = {
      name: 'curious',
      onHost(_, { position, promptLength, eosTokenIds, maxLength, source, vocabSize }) {
        seen = { position, promptLength, eosTokenIds, maxLength, source, vocabSize };
      },
    };
    const options = { history: [1, 2, 3], promptLength: 2, eosTokenIds: [5], maxLength: 9, source: [4] };
    sampleLogits(new Float32Array(12), [curious], options);
    const { history: _, ...rest } = options;
    expect(seen).toEqual({ ...rest, position: 3, vocabSize: 12 });
  });

  it('names the stage that leaves nothing, or something invalid', () => {
    const nothing: Sampler = { name: 'nothing', onHost: (logits) => void logits.fill(-Infinity) };
    const logits = new Float32Array(12);
    const error = (samplers: readonly Sampler[], given = logits): unknown => {
      try {
        return sampleLogits(given, samplers, { history: [1, 2] });
      } catch (caught) {
        return caught;
      }
    };
    expect(error([noisy, nothing, even])).toBeInstanceOf(EmptyDistributionError);
    expect(error([noisy, nothing, even])).toMatchObject({ stage: 'nothing', position: 2 });
    expect(error([noisy], Float32Array.of(1, NaN, 2))).toBeInstanceOf(InvalidLogitsError);
    expect(error([noisy], Float32Array.of(1, NaN, 2))).toMatchObject({ stage: 'model', token: 1 });
    expect(error([], new Float32Array(3).fill(-Infinity))).toBeInstanceOf(EmptyDistributionError);
  });

  const device: Sampler = { name: 'far', onDevice: (logits) => logits };
  it.each<[string, () => unknown, abstract new (...args: never[]) => Error]>([
    ['a device-only sampler', () => sampleLogits([0, 1], [device]), UnsupportedError],
    [
      'a stateful sampler without a state',
      () => sampleLogits([0, 1], [feedback], { history: History.of([]) }),
      ParameterError,
    ],
    [
      'a stateful sampler without a history',
      () => sampleLogits([0, 1], [feedback], { state: new RunState(), history: [1] }),
      ParameterError,
    ],
    ['logits that are not a list', () => sampleLogits('01' as never), ParameterError],
    ['a logit that is not a number', () => sampleLogits([0, '1'] as never), ParameterError],
    ['an id outside the vocabulary', () => sampleLogits([0, 1], [], { history: [2] }), ParameterError],
    ['a history that is text', () => sampleLogits([0, 1], [], { history: '01' as never }), ParameterError],
    ['an end token outside the vocabulary', () => sampleLogits([0, 1], [], { eosTokenIds: [2] }), ParameterError],
    ['a prompt longer than the history', () => sampleLogits([0, 1], [], { promptLength: 1 }), ParameterError],
    ['a negative position', () => sampleLogits([0, 1], [], { position: -1 }), ParameterError],
    ['a fractional seed', () => sampleLogits([0, 1], [], { seed: 0.5 }), ParameterError],
    ['a maximum length of 0', () => sampleLogits([0, 1], [], { maxLength: 0 }), ParameterError],
    ['an unknown option', () => sampleLogits([0, 1], [], { rng: 1 } as never), UnknownOptionError],
  ])('refuses %s', (_, call, type) => {
    expect(call).toThrow(type);
  });
});
