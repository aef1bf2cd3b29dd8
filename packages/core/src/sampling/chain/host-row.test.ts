import { describe, expect, it } from 'vitest';
import { EmptyDistributionError, InvalidLogitsError, UnsupportedError } from '../../errors.ts';
import { candidatesOf, testRow } from '../../testing/samplers/sampler-cases.ts';
import { History } from '../history.ts';
import { Random } from '../random.ts';
import { RunState } from '../run-state.ts';
import type { DeviceSampler, HostSampler, MaskSampler, RowStep, Sampler, SamplerTraits } from '../sampler.ts';
import { applyChain, decisiveStages } from './stages.ts';

const removed = -Infinity;
const plain: SamplerTraits = {
  keepsArgMax: false,
  narrows: false,
};
const narrowing = { ...plain, narrows: true };
const remembering = { ...plain, stateful: true };

const stage = (name: string, onHost: HostSampler['onHost'], traits?: SamplerTraits): HostSampler => ({
  name,
  onHost,
  ...(traits === undefined ? {} : { traits: traits }),
});
/** Keeps these ids, in the order given. */
const keeping = (ids: readonly number[], traits: SamplerTraits = narrowing): HostSampler =>
  stage('keeping', (logits, step) => step.keep(logits, ids), traits);
const masking = (mask: readonly number[]): MaskSampler => ({
  name: 'masking',
  mask: ({ vocabSize }) => {
    const bits = new Uint32Array(Math.ceil(vocabSize / 32));
    for (const id of mask) bits[id >>> 5]! |= 1 << (id & 31);
    return bits;
  },
});
const listed = ({ candidates }: { candidates: Int32Array | undefined }) => candidates && [...candidates];

describe('keep', () => {
  it('removes all but the ids, and lists them in order', () => {
    const row = testRow([1, 2, 3, 4]);
    row.apply(keeping([3, 1]), 0);
    expect([...row.logits]).toEqual([removed, 2, removed, 4]);
    expect(listed(row)).toEqual([1, 3]);
  });

  it('narrows what an earlier stage has kept', () => {
    const row = testRow([1, 2, 3, 4]);
    applyChain(row, [keeping([0, 1, 3]), keeping([3, 0])]);
    expect([...row.logits]).toEqual([1, removed, removed, 4]);
    expect(listed(row)).toEqual([0, 3]);
  });

  it('lists an id once, however often it is given', () => {
    const row = testRow([1, 2, 3]);
    row.apply(keeping([2, 0, 2, 0]), 0);
    expect([...row.logits]).toEqual([1, removed, 3]);
    expect(listed(row)).toEqual([0, 2]);
  });

  it('keeps a removed token removed', () => {
    const row = testRow([1, removed, 3]);
    row.apply(keeping([1, 2]), 0);
    expect([...row.logits]).toEqual([removed, removed, 3]);
  });

  it('may keep nothing', () => {
    const row = testRow([1, 2]);
    row.apply(keeping([]), 0);
    expect([...row.logits]).toEqual([removed, removed]);
    expect(row.sampleable).toBe(false);
  });
});

describe('candidates', () => {
  it('are passed to the next stage that reads them', () => {
    const seen: (number[] | undefined)[] = [];
    const spy = stage('spy', (_, step) => void seen.push(listed(step)), narrowing);
    applyChain(testRow([1, 2, 3]), [spy, keeping([2, 1]), spy]);
    expect(seen).toEqual([undefined, [1, 2]]);
  });

  it('are forgotten after a stage that does not say that it only removes', () => {
    const reviving = stage('reviving', (logits) => logits.fill(9, 0, 1));
    const row = testRow([1, 2, 3]);
    applyChain(row, [keeping([1, 2]), reviving]);
    expect(row.candidates).toBeUndefined();
    expect([...row.logits]).toEqual([9, 2, 3]);
  });

  it('are kept through a mask, which only removes', () => {
    const row = testRow([1, 2, 3]);
    applyChain(row, [keeping([1, 2]), masking([0, 2])]);
    expect([...row.logits]).toEqual([removed, removed, 3]);
    expect(listed(row)).toEqual([1, 2]);
  });
});

describe('a mask', () => {
  it('lists what it leaves when that is little, for any bits', () => {
    const random = new Random(4);
    for (let round = 0; round < 40; round++) {
      const size = 1 + Math.floor(200 * random.uniform(0, round, 'draw'));
      const share = random.uniform(1, round, 'draw') ** 3;
      const bits = Uint32Array.from({ length: Math.ceil(size / 32) }, (_, word) => {
        let value = 0;
        for (let bit = 0; bit < 32; bit++) if (random.uniform(2 + word, bit, 'draw', round) < share) value |= 1 << bit;
        return value;
      });
      const expected = Array.from({ length: size }, (_, id) => id).filter(
        (id) => ((bits[id >>> 5]! >>> (id & 31)) & 1) === 1,
      );
      const row = testRow(new Array(size).fill(0));
      row.apply({ name: 'mask', mask: () => bits }, 0);
      expect(candidatesOf(row.logits)).toEqual(expected);
      if (row.candidates !== undefined) expect([...row.candidates]).toEqual(expected);
      expect(row.candidates !== undefined).toBe(expected.length <= size >> 2);
    }
  });

  it('removes the tokens whose bit is cleared, across words', () => {
    const row = testRow(Array.from({ length: 70 }, (_, id) => id));
    row.apply(masking([0, 31, 32, 69]), 0);
    expect([...row.logits.keys()].filter((id) => row.logits[id]! > removed)).toEqual([0, 31, 32, 69]);
    expect(row.logits[69]).toBe(69);
  });

  it('falls back to the host form where a sampler has both', () => {
    const row = testRow([1, 2]);
    row.apply({ ...masking([]), ...stage('both', (logits) => logits.fill(5, 0, 1)) }, 0);
    expect([...row.logits]).toEqual([5, 2]);
  });
});

describe('a step', () => {
  it('passes the position of the row', () => {
    const steps: RowStep[] = [];
    const row = testRow([0, 0, 0], {
      prompt: [1, 2],
      generated: [0],
      sequence: 4,
      eosTokenIds: [2],
      maxLength: 17,
      source: [7, 8],
    });
    row.apply(
      stage('spy', (_, step) => void steps.push(step)),
      0,
    );
    expect(steps[0]).toMatchObject({
      position: 3,
      promptLength: 2,
      sequence: 4,
      vocabSize: 3,
      eosTokenIds: [2],
      maxLength: 17,
      source: [7, 8],
    });
    expect([...steps[0]!.history.tokens]).toEqual([1, 2, 0]);
    expect(steps[0]).not.toHaveProperty('drawn');
  });

  it('has no source where the model reads none', () => {
    expect(testRow([0]).step(0)).not.toHaveProperty('source');
  });

  it('draws numbers of its own stage, sequence and position', () => {
    const row = testRow([0], { prompt: [0, 0], sequence: 3, seed: 9 });
    const { random } = row.context;
    expect(row.step(2).random()).toBe(random.uniform(3, 2, { sampler: 2 }, 0));
    expect(row.step(2).random(5)).toBe(random.uniform(3, 2, { sampler: 2 }, 5));
    expect(row.step(1).random()).not.toBe(row.step(2).random());
  });

  it('keeps the memories of stages apart', () => {
    const state = new RunState();
    const counting = stage('counting', (_, step) => step.state.set((step.state.get<number>() ?? 0) + 1), remembering);
    const counts: unknown[] = [];
    const reading = stage('reading', (_, step) => void counts.push(step.state.get()), remembering);
    let history = History.of([0]);
    for (let i = 0; i < 3; i++) {
      const row = testRow([0, 0], { history, state });
      applyChain(row, [counting, reading]);
      history = row.extend(1);
    }
    expect(counts).toEqual([undefined, undefined, undefined]);
    expect(state.at(history, 0).get()).toBe(3);
    expect(state.at(history, 1).get()).toBeUndefined();
  });
});

describe('drawn', () => {
  // Probabilities 0.2, 0.3, 0.5; after the stage 0.4, 0.6 and none.
  const logits = [0.2, 0.3, 0.5].map(Math.log);
  const dropping = stage('dropping', (row) => row.fill(removed, 2), { ...remembering, narrows: true });

  it('tells a stage that remembers how probable the token was before and after it', () => {
    const row = testRow(logits);
    row.apply(dropping, 0);
    const next = testRow(logits, { history: row.extend(1), state: row.context.state }).step(0).sampled!;
    expect(next.id).toBe(1);
    expect(next.before).toBeCloseTo(0.3, 6);
    expect(next.after).toBeCloseTo(0.6, 6);
  });

  it('says 0 for a token that the stage had removed', () => {
    const row = testRow(logits);
    row.apply(dropping, 0);
    const next = testRow(logits, { history: row.extend(2), state: row.context.state }).step(0).sampled!;
    expect(next.before).toBeCloseTo(0.5, 6);
    expect(next.after).toBe(0);
  });

  it('tells each stage what it saw itself, and the others nothing', () => {
    const row = testRow(logits);
    applyChain(row, [dropping, keeping([1]), stage('last', () => undefined, remembering)]);
    const step = (index: number) => testRow(logits, { history: child, state: row.context.state }).step(index).sampled;
    const child = row.extend(1);
    expect(step(0)!.after).toBeCloseTo(0.6, 6);
    expect(step(1)).toBeUndefined();
    expect([step(2)!.before, step(2)!.after]).toEqual([1, 1]);
  });

  it('sees only the branch that was taken', () => {
    const row = testRow(logits);
    row.apply(dropping, 0);
    const [left, right] = [row.extend(0), row.extend(1)];
    const { state } = row.context;
    expect(state.sampled(left, 0)?.id).toBe(0);
    expect(state.sampled(right, 0)?.id).toBe(1);
    expect(state.sampled(row.context.history, 0)).toBeUndefined();
  });
});

describe('a row that cannot be drawn from', () => {
  it.each([
    ['nothing is left', [removed, removed]],
    ['a logit is NaN', [0, Number.NaN]],
    ['a logit is +Infinity', [Infinity, 0]],
  ])('is known when %s', (_, values) => {
    expect(testRow(values).sampleable).toBe(false);
  });

  it('is one that can while a single token is finite', () => {
    expect(testRow([removed, -1e30]).sampleable).toBe(true);
  });

  it('throws with the stage, the position and the token', () => {
    const refused = (values: readonly number[]): unknown => {
      try {
        return testRow(values, { prompt: [0, 0, 0] }).refuse('culprit');
      } catch (error) {
        return error;
      }
    };
    expect(refused([removed, removed])).toBeInstanceOf(EmptyDistributionError);
    expect(refused([removed, removed])).toMatchObject({ stage: 'culprit', position: 3 });
    expect(refused([0, Number.NaN])).toBeInstanceOf(InvalidLogitsError);
    expect(refused([0, Number.NaN])).toMatchObject({ stage: 'culprit', position: 3, token: 1 });
    expect(refused([Infinity, 0])).toMatchObject({ token: 0, message: expect.stringContaining('is Infinity') });
  });

  it('is a host row under a sampler that only has a device form', () => {
    const device: DeviceSampler = { name: 'far', onDevice: (x) => x };
    expect(() => testRow([0]).apply(device, 0)).toThrow(UnsupportedError);
    expect(() => testRow([0]).apply(device, 0)).toThrow("the device-only sampler 'far'");
  });
});

describe('decisiveStages', () => {
  const of = (name: string, traits?: Partial<SamplerTraits>): Sampler =>
    stage(name, () => undefined, traits && { ...plain, ...traits });
  const greedy = of('greedy', { selectsArgMax: true, keepsArgMax: true, narrows: true });
  const keeper = of('keeper', { keepsArgMax: true });
  const names = (samplers: readonly Sampler[]): string[] =>
    decisiveStages(samplers).map(({ sampler, index }) => `${index} ${sampler.name}`);

  it.each<[string, Sampler[], string[]]>([
    ['an empty chain has none', [], []],
    ['without a selection at the end, all count', [keeper, of('other')], ['0 keeper', '1 other']],
    ['a selection alone stays', [greedy], ['0 greedy']],
    ['stages that keep the arg max are left out before it', [keeper, keeper, greedy], ['2 greedy']],
    [
      'what precedes a stage that may change the arg max stays',
      [keeper, of('penalty'), keeper, greedy],
      ['0 keeper', '1 penalty', '3 greedy'],
    ],
    [
      'a stage with a state stays',
      [of('remembering', { keepsArgMax: true, stateful: true }), keeper, greedy],
      ['0 remembering', '2 greedy'],
    ],
    ['a stage of which nothing is known stays', [of('unknown'), greedy], ['0 unknown', '1 greedy']],
    ['a selection in the middle does not count', [keeper, greedy, of('other')], ['0 keeper', '1 greedy', '2 other']],
  ])('%s', (_, samplers, expected) => {
    expect(names(samplers)).toEqual(expected);
  });
});

describe('applyChain', () => {
  it('counts the stages from where the chain begins', () => {
    const row = testRow([0, 0], { seed: 4 });
    const drawn: number[] = [];
    const drawing = stage('drawing', (_, step) => void drawn.push(step.random()));
    applyChain(row, [drawing, drawing], 3);
    const { random } = row.context;
    expect(drawn).toEqual([random.uniform(0, 0, { sampler: 3 }), random.uniform(0, 0, { sampler: 4 })]);
  });
});
