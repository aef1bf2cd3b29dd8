import { afterEach, describe, expect, it, vi } from 'vitest';
import { ContextLengthError, ParameterError, ShapeError, UnknownOptionError } from '../errors.ts';
import type { HostSampler, Sampler } from '../sampling/sampler.ts';
import { ending } from '../testing/ending.ts';
import { type ToyModel, type ToyModelOptions, toyModel } from '../testing/toy-model.ts';
import type { EndEvent, StreamEvent, TokenEvent } from './contract/events.ts';
import type { GenerateOptions } from './contract/options.ts';
import type { StopState } from './contract/stop.ts';
import { generate, generateBatch } from './generate.ts';

const models: ToyModel[] = [];
function toy(options: ToyModelOptions = {}): ToyModel {
  const model = toyModel(options);
  models.push(model);
  return model;
}

afterEach(() => {
  vi.restoreAllMocks();
  // Whatever a test does, a call leaves no cache and no result behind.
  for (const model of models.splice(0)) expect([...model.live]).toEqual([]);
});

type Prompt = readonly number[] | readonly (readonly number[])[];

async function eventsOf(model: ToyModel, prompt: Prompt, options: GenerateOptions = {}): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of generate(model, prompt as number[], { seed: 7, ...options })) events.push(event);
  return events;
}
const tokensOf = (events: readonly StreamEvent[]): TokenEvent[] => events.filter((event) => event.type === 'token');
const endsOf = (events: readonly StreamEvent[]): EndEvent[] => events.filter((event) => event.type === 'end');
const endOf = async (model: ToyModel, prompt: Prompt, options?: GenerateOptions): Promise<EndEvent> =>
  endsOf(await eventsOf(model, prompt, options))[0]!;
const failure = (work: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(work).then(
    () => undefined,
    (error: unknown) => error,
  );

/** Leaves the tokens of a list, one after the other, and the last of them from then on. */
const script = (...ids: number[]): HostSampler => ({
  name: 'script',
  onHost(logits, { position, promptLength }) {
    logits.fill(-Infinity);
    logits[ids[Math.min(position - promptLength, ids.length - 1)]!] = 0;
  },
});
const favor = (id: number): HostSampler => ({
  name: 'favor',
  onHost(logits) {
    logits[id]! += 1000;
  },
});
const halving: HostSampler = { name: 'halving', onHost: (logits) => logits.set(logits.map((logit) => logit / 2)) };
const logSoftmax = (logits: ArrayLike<number>): number[] => {
  const sum = Array.from(logits, Math.exp).reduce((total, weight) => total + weight, 0);
  return Array.from(logits, (logit) => logit - Math.log(sum));
};

describe('a sequence ends', () => {
  it('with an end token, which is part of it', async () => {
    const end = await endOf(toy(), [1, 2], { samplers: [script(3, 4, 5)], eosTokenIds: [4] });
    expect([ending(end), end.ids]).toEqual(['stop: 4', [3, 4]]);
  });

  it("with the model's end token, unless the call names others or none", async () => {
    const model = toy({ defaults: { eosTokenIds: [4] } });
    const ids = async (options: GenerateOptions) =>
      (await endOf(model, [1, 2], { samplers: [script(3, 4, 5, 6)], maxNewTokens: 4, ...options })).ids;
    expect(await ids({})).toEqual([3, 4]);
    expect(await ids({ eosTokenIds: [5] })).toEqual([3, 4, 5]);
    expect(await ids({ eosTokenIds: [] })).toEqual([3, 4, 5, 6]);
  });

  it('after the most new tokens', async () => {
    const end = await endOf(toy(), [1, 2], { maxNewTokens: 3 });
    expect([ending(end), end.ids.length]).toEqual(['length', 3]);
  });

  it('at the greatest length, prompt included', async () => {
    const end = await endOf(toy(), [1, 2], { maxLength: 5 });
    expect([ending(end), end.ids.length]).toEqual(['length', 3]);
  });

  it.each<GenerateOptions>([{ maxNewTokens: 0 }, { maxLength: 2 }, { maxLength: 1 }])(
    'at once when %j leaves no room, with nothing fed',
    async (options) => {
      const model = toy();
      const events = await eventsOf(model, [1, 2], options);
      expect(events.map(({ type }) => type)).toEqual(['end']);
      expect(events[0]).toMatchObject({
        finishReason: 'length',
        ids: [],
        usage: { promptTokens: 2, completionTokens: 0 },
      });
      expect(model.fed).toBe(0);
    },
  );

  it('by no end token before the minimum number of new tokens', async () => {
    const options = { samplers: [favor(4)], eosTokenIds: [4] };
    expect((await endOf(toy(), [1, 2], { ...options })).ids).toEqual([4]);
    const end = await endOf(toy(), [1, 2], { ...options, minNewTokens: 3 });
    expect([end.ids.length, end.ids.indexOf(4), ending(end)]).toEqual([4, 3, 'stop: 4']);
  });

  it('by no end token before the minimum length', async () => {
    const { ids } = await endOf(toy(), [1, 2], { samplers: [favor(4)], eosTokenIds: [4], minLength: 6 });
    expect([ids.length, ids.indexOf(4)]).toEqual([5, 4]);
  });

  it("when the application's condition returns true; it sees the state of the sequence", async () => {
    const states: StopState[] = [];
    const stopWhen = (state: StopState): boolean => states.push(state) === 2;
    const end = await endOf(toy(), [1, 2], { samplers: [script(3, 4, 5)], stopWhen });
    expect([ending(end), end.ids]).toEqual(['stop: condition', [3, 4]]);
    expect(states.map(({ history }) => [...history.tokens])).toEqual([
      [1, 2, 3],
      [1, 2, 3, 4],
    ]);
    expect(states[1]).toMatchObject({ promptLength: 2, id: 4, text: '', promptIndex: 0, sequence: 0 });
    expect(states[1]!.elapsed).toBeGreaterThanOrEqual(states[0]!.elapsed);
  });

  it('when its time is over, with what has come', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const slow: Sampler = {
      name: 'slow',
      onHost: () => {
        now += 10;
      },
    };
    const end = await endOf(toy(), [1, 2], { samplers: [slow], maxTime: 25 });
    expect([ending(end), end.ids.length]).toEqual(['timeout', 3]);
  });

  it('without a token when its time is over before the first', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now++);
    const end = await endOf(toy(), [1, 2], { maxTime: 0 });
    expect([ending(end), end.ids]).toEqual(['timeout', []]);
  });

  it('without a token when it was aborted before, with nothing fed', async () => {
    const model = toy();
    const end = await endOf(model, [1, 2], { signal: AbortSignal.abort() });
    expect([ending(end), end.ids, model.fed]).toEqual(['abort', [], 0]);
  });

  it('when it is aborted, with what has come', async () => {
    const controller = new AbortController();
    const events: StreamEvent[] = [];
    for await (const event of generate(toy(), [1, 2], { signal: controller.signal }))
      if (events.push(event) === 3) controller.abort();
    expect(events.map(({ type }) => type)).toEqual(['token', 'token', 'token', 'end']);
    expect(endsOf(events)[0]).toMatchObject({ finishReason: 'abort', ids: tokensOf(events).map(({ id }) => id) });
  });

  it('between two chunks of a long prompt when it is aborted there', async () => {
    const model = toy();
    const controller = new AbortController();
    const forward = model.forward.bind(model);
    model.forward = (...given) => {
      controller.abort();
      return forward(...given);
    };
    const end = await endOf(model, new Array<number>(20).fill(1), { signal: controller.signal, prefillChunkSize: 5 });
    expect([ending(end), model.fed]).toEqual(['abort', 5]);
  });

  it('for the first of several reasons: end token, stop condition, length', async () => {
    const options = { samplers: [script(3)], maxNewTokens: 1 };
    const reason = async (more: GenerateOptions) => ending(await endOf(toy(), [1], { ...options, ...more }));
    expect(await reason({ eosTokenIds: [3], stopWhen: () => true })).toBe('stop: 3');
    expect(await reason({ stopWhen: () => true })).toBe('stop: condition');
    expect(await reason({})).toBe('length');
  });
});

describe('a full context', () => {
  const small = { contextLength: 8, order: 6 };

  it('ends the sequence with the token that the last position gives', async () => {
    const model = toy(small);
    const end = await endOf(model, [1, 2, 3]);
    expect([ending(end), end.ids.length, model.fed]).toEqual(['length: context', 6, 8]);
  });

  it('is distinct from the maximum length', async () => {
    expect(ending(await endOf(toy(small), [1, 2, 3], { maxNewTokens: 6 }))).toBe('length');
    expect(ending(await endOf(toy(small), [1, 2, 3], { maxNewTokens: 7 }))).toBe('length: context');
  });

  it.each(['static', 'none'] as const)(
    'slides when asked to: the older half is forgotten (cache %s)',
    async (cache) => {
      const model = toy(small);
      const options: GenerateOptions = { onContextFull: 'slide', maxNewTokens: 30, logprobs: true, cache };
      const tokens = tokensOf(await eventsOf(model, [1, 2, 3], options));
      expect(tokens).toHaveLength(30);
      let window = [1, 2, 3];
      for (const { id, logprob } of tokens) {
        expect(logprob).toBeCloseTo(logSoftmax(model.logitsAfter(window))[id]!, 6);
        window = [...window, id];
        if (window.length > 8) window = window.slice(4);
      }
    },
  );

  it('refuses a prompt that is longer, before anything is fed', async () => {
    const model = toy(small);
    const error = await failure(endOf(model, [1, 2, 3, 4, 5, 6, 7, 1, 2]));
    expect(error).toBeInstanceOf(ContextLengthError);
    expect(error).toMatchObject({ contextLength: 8, wanted: 9 });
    expect(model.fed).toBe(0);
  });

  it('slides over a prompt that is longer, when asked to', async () => {
    const model = toy(small);
    const prompt = [1, 2, 3, 4, 5, 6, 7, 1, 2, 3];
    const options = { onContextFull: 'slide', maxNewTokens: 1, logprobs: true } as const;
    const [token] = tokensOf(await eventsOf(model, prompt, options));
    expect(token!.logprob).toBeCloseTo(logSoftmax(model.logitsAfter(prompt.slice(4)))[token!.id]!, 6);
  });
});

describe('a prompt', () => {
  it('that is empty begins with the start tokens of the model', async () => {
    const model = toy({ defaults: { decoderStartTokenIds: [5, 6] } });
    const events = await eventsOf(model, [], { maxNewTokens: 1, logprobs: true });
    const [{ id, logprob }] = tokensOf(events) as [TokenEvent];
    expect(logprob).toBeCloseTo(logSoftmax(model.logitsAfter([5, 6]))[id]!, 6);
    expect(endsOf(events)[0]!.usage.promptTokens).toBe(2);
    expect(endsOf(events)[0]!.ids).toEqual([id]);
  });

  it('that is empty is refused where the model has no start token', async () => {
    const error = await failure(endOf(toy(), []));
    expect(error).toBeInstanceOf(ParameterError);
    expect((error as Error).message).toContain('prompts[0] must be at least one token');
    expect(await failure(endOf(toy(), [[1], []]))).toMatchObject({ parameter: 'prompts[1]' });
  });

  it.each([8, -1, 0.5, Number.NaN])('with %d in it is refused, by its place', async (id) => {
    expect(await failure(endOf(toy(), [[1], [2, id]]))).toMatchObject({
      name: 'ParameterError',
      parameter: 'prompts[1][1]',
      received: id,
    });
  });

  it('may be a typed array', async () => {
    const model = toy();
    const { ids } = await generate(model, Int32Array.of(1, 2), { seed: 7, maxNewTokens: 4 });
    expect(ids).toEqual([(await endOf(model, [1, 2], { maxNewTokens: 4 })).ids]);
  });

  it('is read in chunks of the size that is asked for, to the same end', async () => {
    const model = toy();
    const prompt = Array.from({ length: 20 }, (_, i) => i % 8);
    const { ids } = await endOf(model, prompt, { maxNewTokens: 5 });
    const sizes: number[] = [];
    const forward = model.forward.bind(model);
    model.forward = (tokens, ...rest) => {
      sizes.push(tokens[0]!.length);
      return forward(tokens, ...rest);
    };
    expect((await endOf(model, prompt, { maxNewTokens: 5, prefillChunkSize: 6 })).ids).toEqual(ids);
    expect(Math.max(...sizes)).toBe(6);
    expect(sizes.reduce((a, b) => a + b)).toBe(24);
  });
});

describe('what is reported about a token', () => {
  const samplers = [script(3, 4)];

  it('is its id and place, and no more unless asked for', async () => {
    const [token] = tokensOf(await eventsOf(toy(), [1, 2], { samplers, maxNewTokens: 1 }));
    expect(token).toEqual({ type: 'token', promptIndex: 0, sequence: 0, id: 3 });
  });

  it("is log-probability and rank by the model's own logits, whatever the chain did", async () => {
    const model = toy();
    const tokens = tokensOf(await eventsOf(model, [1, 2], { samplers, maxNewTokens: 2, logprobs: true }));
    for (const [i, before] of [
      [1, 2],
      [1, 2, 3],
    ].entries()) {
      const expected = logSoftmax(model.logitsAfter(before));
      const { id, logprob, rank } = tokens[i]!;
      expect(logprob).toBeCloseTo(expected[id]!, 6);
      expect(rank).toBe(1 + expected.filter((other) => other > expected[id]!).length);
      expect(tokens[i]).not.toHaveProperty('top');
      expect(tokens[i]).not.toHaveProperty('named');
    }
  });

  it('is the best tokens and the named ones', async () => {
    const model = toy();
    const options = { samplers, maxNewTokens: 1, topLogprobs: 3, logprobsOf: [6, 0] };
    const [token] = tokensOf(await eventsOf(model, [1, 2], options));
    const expected = logSoftmax(model.logitsAfter([1, 2]));
    const best = [...expected.keys()].sort((a, b) => expected[b]! - expected[a]!).slice(0, 3);
    expect(token!.top!.map(({ id }) => id)).toEqual(best);
    expect(token!.named!.map(({ id }) => id)).toEqual([6, 0]);
    for (const { id, logprob } of [...token!.top!, ...token!.named!]) expect(logprob).toBeCloseTo(expected[id]!, 6);
  });

  it('cannot be about a token that the model does not have', async () => {
    expect(await failure(endOf(toy(), [1], { logprobsOf: [2, 8] }))).toMatchObject({
      name: 'ParameterError',
      parameter: 'logprobsOf',
      received: 8,
    });
  });

  it('is what each stage did, with explain', async () => {
    const options = { samplers: [halving, script(3)], maxNewTokens: 1, explain: true };
    const [token] = tokensOf(await eventsOf(toy(), [1, 2], options));
    const { stages, removal, model } = token!.explanation!;
    expect(model.candidates).toBe(8);
    expect(stages.map(({ name, candidates }) => [name, candidates])).toEqual([
      ['halving', 8],
      ['script', 1],
    ]);
    expect(removal(2)!.stage).toBe('script');
  });

  it('names an added stage at its place, and leaves the numbers of the others as they were', async () => {
    const numbers = new Set<number>();
    const random: HostSampler = { ...script(3), name: 'random', onHost: (_, step) => void numbers.add(step.random()) };
    const options = { samplers: [halving, random], maxNewTokens: 1, eosTokenIds: [2] };
    await endOf(toy(), [1], options);
    expect(numbers.size).toBe(1);
    const [token] = tokensOf(await eventsOf(toy(), [1], { ...options, minNewTokens: 1, explain: true }));
    const { stages, removal } = token!.explanation!;
    expect(stages.map(({ name }) => name)).toEqual(['minimum-length', 'halving', 'random']);
    expect(removal(2)).toMatchObject({ stage: 'minimum-length', index: 0 });
    // Drawn with and without that stage, and again for the explanation.
    expect(numbers.size).toBe(1);
  });
});

describe('the end event', () => {
  it('comes once a sequence, after its tokens', async () => {
    const events = await eventsOf(toy(), [[1], [2, 3], [4]], {
      samplers: [script(5, 6, 7)],
      maxNewTokens: 3,
      numReturnSequences: 2,
    });
    const order = events.map(
      ({ type, promptIndex, ...rest }) => `${type} ${promptIndex}.${'sequence' in rest ? rest.sequence : ''}`,
    );
    for (const row of [0, 1, 2])
      for (const sequence of [0, 1])
        expect(order.filter((entry) => entry.endsWith(`${row}.${sequence}`))).toEqual([
          `token ${row}.${sequence}`,
          `token ${row}.${sequence}`,
          `token ${row}.${sequence}`,
          `end ${row}.${sequence}`,
        ]);
    expect(order).toHaveLength(24);
  });

  it('follows the last token of its row, while the others continue', async () => {
    const stopWhen = ({ promptIndex, history, promptLength }: StopState) => history.length - promptLength > promptIndex;
    const events = await eventsOf(toy(), [[1], [2]], { stopWhen });
    expect(events.map(({ type, promptIndex }) => `${type} ${promptIndex}`)).toEqual([
      'token 0',
      'end 0',
      'token 1',
      'token 1',
      'end 1',
    ]);
  });

  it('measures the time to the first token and from there on', async () => {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const slow: Sampler = {
      name: 'slow',
      onHost: () => {
        now += 10;
      },
    };
    const { timing } = await endOf(toy(), [1, 2], { samplers: [slow], maxNewTokens: 4 });
    expect(timing).toEqual({ prefill: 10, total: 40, perToken: 10 });
    const single = await endOf(toy(), [1, 2], { samplers: [slow], maxNewTokens: 1 });
    expect(single.timing).toEqual({ prefill: 10, total: 10, perToken: 0 });
  });

  it('says what was in force and where it came from', async () => {
    const model = toy({ defaults: { eosTokenIds: [4] } });
    const { options } = await endOf(model, [1], { maxNewTokens: 2, preset: { name: 'p', options: { minLength: 1 } } });
    expect(options).toMatchObject({
      maxNewTokens: { value: 2, source: 'call' },
      minLength: { value: 1, source: 'preset' },
      eosTokenIds: { value: [4], source: 'generation_config.json' },
      numReturnSequences: { value: 1, source: 'library default' },
      seed: { value: 7, source: 'call' },
    });
  });

  it('names the seed that was made up, which repeats the run', async () => {
    const model = toy();
    const [first] = (await generate(model, [1], { maxNewTokens: 8 })).sequences;
    const again = await endOf(model, [1], { maxNewTokens: 8, seed: first!.options.seed!.value as number });
    expect(again.ids).toEqual(first!.ids);
  });
});

describe('a cache that is given', () => {
  it('is left filled with all but the last token, which nobody has fed', async () => {
    const model = toy();
    const cache = model.createCache();
    const { ids } = await endOf(model, [1, 2], { cache, maxNewTokens: 4 });
    expect([...cache.tokens(0)]).toEqual([1, 2, ...ids.slice(0, -1)]);
    cache.dispose();
  });

  it('saves the tokens already in it, and the end event reports how many', async () => {
    const model = toy();
    const cache = model.createCache();
    const first = await endOf(model, [1, 2, 3], { cache, maxNewTokens: 4 });
    expect(first.usage).toEqual({ promptTokens: 3, cachedTokens: 0, completionTokens: 4 });
    const prompt = [1, 2, 3, ...first.ids, 5];
    model.fed = 0;
    const second = await endOf(model, prompt, { cache, maxNewTokens: 1 });
    // The last token of the first call was never fed.
    expect(second.usage).toEqual({ promptTokens: 8, cachedTokens: 6, completionTokens: 1 });
    expect(model.fed).toBe(2);
    const third = await endOf(model, [1, 0], { cache, maxNewTokens: 1 });
    expect(third.usage.cachedTokens).toBe(1);
    cache.dispose();
  });

  it('gives the tokens of a fresh one', async () => {
    const model = toy();
    const cache = model.createCache();
    await endOf(model, [1, 2, 3], { cache, maxNewTokens: 9 });
    const expected = (await endOf(model, [1, 2, 4], { maxNewTokens: 9 })).ids;
    expect((await endOf(model, [1, 2, 4], { cache, maxNewTokens: 9 })).ids).toEqual(expected);
    cache.dispose();
  });

  it('keeps the rows that end first', async () => {
    const model = toy();
    const cache = model.createCache({ rows: 2 });
    const stopWhen = ({ promptIndex, history }: StopState) => promptIndex === 0 && history.length === 3;
    const [a, b] = endsOf(await eventsOf(model, [[1, 2], [3]], { cache, stopWhen, maxNewTokens: 5 }));
    expect(a!.ids).toHaveLength(1);
    expect([...cache.tokens(0)]).toEqual([1, 2]);
    expect([...cache.tokens(1)]).toEqual([3, ...b!.ids.slice(0, -1)]);
    cache.dispose();
  });

  it('holds the prompt, and stays otherwise as it was, when several sequences continue from it', async () => {
    const model = toy();
    const cache = model.createCache();
    await eventsOf(model, [1, 2, 3], { cache, samplers: [], maxNewTokens: 3, numReturnSequences: 2 });
    expect([cache.rows, [...cache.tokens(0)]]).toEqual([1, [1, 2]]);
    cache.dispose();
  });

  it('must have a row a prompt', async () => {
    const model = toy();
    const cache = model.createCache({ rows: 2 });
    const error = await failure(endOf(model, [1], { cache }));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error).toMatchObject({ expected: [1], received: [2] });
    expect(cache.rows).toBe(2);
    cache.dispose();
  });

  it("may be 'none': everything is computed again at each step", async () => {
    const model = toy();
    await endOf(model, [1, 2, 3], { cache: 'none', maxNewTokens: 4 });
    expect(model.fed).toBe(3 + 4 + 5 + 6);
    model.fed = 0;
    await endOf(model, [1, 2, 3], { maxNewTokens: 4 });
    expect(model.fed).toBe(3 + 3);
  });
});

describe('a batch', () => {
  const prompts = [[1, 2, 3], [4], [5, 6]];

  it('gives each row what it gives alone', async () => {
    const model = toy();
    const { ids } = await generateBatch(model, prompts, { seed: 7, maxNewTokens: 6 });
    for (const [row, prompt] of prompts.entries())
      expect(ids[row]).toEqual((await endOf(model, prompt, { maxNewTokens: 6 })).ids);
  });

  it('takes a seed a row', async () => {
    const model = toy();
    const { ids } = await generateBatch(model, [[1], [1], [1]], { samplers: [], seed: [5, 6, 5], maxNewTokens: 8 });
    expect(ids[1]).toEqual((await endOf(model, [1], { samplers: [], seed: 6, maxNewTokens: 8 })).ids);
    expect(ids[2]).toEqual(ids[0]);
    expect(ids[1]).not.toEqual(ids[0]);
  });

  it('refuses another number of seeds than rows', async () => {
    expect(await failure(generateBatch(toy(), prompts, { seed: [1, 2] }))).toMatchObject({
      name: 'ShapeError',
      expected: [3],
      received: [2],
    });
  });

  it('does not feed the rows that have ended', async () => {
    const model = toy();
    const stopWhen = ({ promptIndex, history, promptLength }: StopState) =>
      promptIndex === 0 && history.length === promptLength + 2;
    await generateBatch(model, prompts, { seed: 7, stopWhen, maxNewTokens: 6 });
    // Prompts of 6 tokens, then all new ones but the last: 1 of the first row, 5 of the others.
    expect(model.fed).toBe(6 + 1 + 5 + 5);
  });

  it('leaves out the rows that have no room, and runs the others', async () => {
    const model = toy();
    const result = await generateBatch(model, prompts, { seed: 7, maxLength: 3 });
    expect(result.sequences.map((end) => [ending(end), end.ids.length])).toEqual([
      ['length', 0],
      ['length', 2],
      ['length', 1],
    ]);
    expect(result.ids[1]).toEqual((await endOf(model, [4], { maxLength: 3 })).ids);
  });

  it('gives a rectangle with a mask', async () => {
    const stopWhen = ({ promptIndex, id }: StopState) => promptIndex === 1 && id === 6;
    const result = await generateBatch(toy(), [[1], [2]], { samplers: [script(5, 6, 7)], stopWhen, maxNewTokens: 3 });
    expect([...result.padded(0, 'right').ids]).toEqual([5, 6, 7, 5, 6, 0]);
    expect([...result.padded(0, 'left').ids]).toEqual([5, 6, 7, 0, 5, 6]);
    expect([...result.padded(0, 'left').mask]).toEqual([1, 1, 1, 0, 1, 1]);
  });

  it('of none has no results', async () => {
    const model = toy({ defaults: { decoderStartTokenIds: [1] } });
    expect((await generateBatch(model, [])).sequences).toEqual([]);
    expect(await failure((async () => generateBatch(model, [], { maxNewTokens: -1 }))())).toBeInstanceOf(
      ParameterError,
    );
  });
});

describe('several sequences of a prompt', () => {
  it('read the prompt once', async () => {
    const model = toy();
    await eventsOf(model, [1, 2, 3, 4, 5], { samplers: [], numReturnSequences: 3, maxNewTokens: 4 });
    // All but its last token is shared; then 4 steps of 3 rows.
    expect(model.fed).toBe(4 + 3 * 4);
  });

  it('differ, and the first is that of a single one', async () => {
    const model = toy();
    const ends = endsOf(await eventsOf(model, [1, 2], { samplers: [], numReturnSequences: 3, maxNewTokens: 8 }));
    expect(ends.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(ends[0]!.ids).toEqual((await endOf(model, [1, 2], { samplers: [], maxNewTokens: 8 })).ids);
    expect(new Set(ends.map(({ ids }) => ids.join())).size).toBe(3);
  });

  it('work from a prompt of one token, and in a batch', async () => {
    const model = toy();
    const { ids, sequences } = await generateBatch(model, [[1], [2, 3]], {
      seed: 7,
      samplers: [],
      numReturnSequences: 2,
      maxNewTokens: 3,
    });
    expect(sequences.map(({ promptIndex, sequence }) => [promptIndex, sequence])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(ids[2]).toEqual((await endOf(model, [2, 3], { samplers: [], maxNewTokens: 3 })).ids);
  });
});

describe('a stream', () => {
  it('checks its options at once, and its prompts with the first event', async () => {
    expect(() => generate(toy(), [1], { maxNewToken: 1 } as GenerateOptions)).toThrow(UnknownOptionError);
    const stream = generate(toy(), [99]);
    expect(await failure(stream.next())).toBeInstanceOf(ParameterError);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('does nothing before the first event is asked for', async () => {
    const model = toy();
    const stream = generate(model, [1]);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect([model.fed, model.live.size]).toEqual([0, 0]);
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(model.fed).toBe(0);
  });

  it('ends the sequence of an event that is answered with stop, and no other', async () => {
    const stream = generate(toy(), [[1], [2]], { seed: 7, maxNewTokens: 3 });
    const events: StreamEvent[] = [];
    let answer: { stop: boolean } | undefined;
    for (;;) {
      const { done, value } = await stream.next(answer);
      if (done === true) break;
      events.push(value);
      answer = value.type === 'token' && value.promptIndex === 0 ? { stop: true } : undefined;
    }
    expect(endsOf(events).map((end) => [end.promptIndex, ending(end), end.ids.length])).toEqual([
      [0, 'stop: condition', 1],
      [1, 'length', 3],
    ]);
  });

  it.each<[string, ToyModelOptions, GenerateOptions]>([
    ['length', {}, { maxNewTokens: 3 }],
    ['length', {}, { maxLength: 5 }],
    ['length: context', { contextLength: 4 }, {}],
  ])('does not let a forced token exceed the %s (%j, %j)', async (expected, model, options) => {
    const stream = generate(toy(model), [1, 2], { seed: 7, ...options });
    await stream.next();
    await stream.next();
    await stream.next();
    const { value } = await stream.next({ force: [5, 6] });
    expect(value).toMatchObject({ type: 'end', usage: { completionTokens: 3 } });
    expect(ending(value as EndEvent)).toBe(expected);
    expect((await stream.next()).done).toBe(true);
  });

  it('releases everything when it is left early', async () => {
    const model = toy();
    const stream = generate(model, [1], { seed: 7 });
    await stream.next();
    expect(model.live.size).toBeGreaterThan(0);
    await stream.return();
    expect(model.live.size).toBe(0);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    for await (const event of generate(model, [1])) if (event.type === 'token') break;
    expect(model.live.size).toBe(0);
  });

  it('releases everything when an error is thrown into it, and passes the error on', async () => {
    const model = toy();
    const stream = generate(model, [1]);
    await stream.next();
    expect(await failure(stream.throw(new RangeError('planted')))).toEqual(new RangeError('planted'));
    expect(model.live.size).toBe(0);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('leaves a cache of the caller as it is when it is left early', async () => {
    const model = toy();
    const cache = model.createCache();
    const stream = generate(model, [1, 2], { cache, seed: 7 });
    const { value } = await stream.next();
    await stream.return();
    expect([...cache.tokens(0)]).toEqual([1, 2]);
    const { ids } = await endOf(model, [1, 2], { cache, maxNewTokens: 1 });
    expect(ids).toEqual([(value as TokenEvent).id]);
    cache.dispose();
  });

  it('gives what is left of it as a result', async () => {
    const stream = generate(toy(), [[1], [2]], { seed: 7, maxNewTokens: 2 });
    await stream.next();
    const { ids } = await stream;
    expect(ids.map(({ length }) => length)).toEqual([2, 2]);
  });
});
