import { DecodingState } from '../generate/contract/decoding-state.ts';
import type { EndEvent, StreamEvent } from '../generate/contract/events.ts';
import type { GenerateOptions } from '../generate/contract/options.ts';
import type { Strategy } from '../generate/contract/strategy.ts';
import { generate } from '../generate/generate.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { HostSampler, Sampler } from '../sampling/sampler.ts';
import { type ContractCase, verify, verifyEqual } from './cases.ts';
import { ending } from './ending.ts';
import { type ToyModel, toyModel } from './toy-model.ts';

export interface StrategyCasesOptions {
  /** Whether its tokens depend on the seed. Default true. */
  readonly random?: boolean;
  /** Maximum number of sequences per prompt. Default 2. */
  readonly sequences?: number;
  /** Whether it can continue when the context is full. Default true. */
  readonly slides?: boolean;
  /** Other models that it uses, whose caches and results are also checked for leaks. Default none. */
  readonly models?: readonly ToyModel[];
  /** The model to decode with, with a vocabulary of at least 8 and room for 16 tokens. Default a toy model. */
  readonly model?: LanguageModel;
  /** A count that each case must leave unchanged, such as the tensors of an engine. Default: live caches and results of toy models. */
  readonly live?: () => number;
}

/**
 * The contract of a strategy, on a toy model or on yours.
 *
 * @param open makes the strategy.
 * @example
 * ```ts
 * for (const { name, run } of strategyCases(() => beamSearch({ numBeams: 3 }), { random: false })) it(name, run);
 * ```
 */
export function strategyCases(open: () => Strategy, options: StrategyCasesOptions = {}): ContractCase[] {
  const { random = true, sequences = 2, slides = true, models = [] } = options;
  const toy = toyModel({ vocabSize: 8, seed: 5 });
  const { model = toy } = options;
  const { live = () => [toy, ...models].reduce((sum, { live: { size } }) => sum + size, 0) } = options;
  const prompts = [[1, 2, 3], [4, 0, 2, 1, 5, 3, 3], [2]];
  const call = (more: GenerateOptions = {}): GenerateOptions => ({
    strategy: open(),
    samplers: [],
    maxNewTokens: 6,
    seed: 11,
    eosTokenIds: [],
    ...more,
  });
  const ends = async (prompt: readonly (readonly number[])[], more?: GenerateOptions): Promise<readonly EndEvent[]> =>
    (await generate(model, prompt, call(more))).sequences;
  const ids = async (prompt: readonly (readonly number[])[], more?: GenerateOptions): Promise<(readonly number[])[]> =>
    (await ends(prompt, more)).map((end) => end.ids);
  const cases: ContractCase[] = [];
  const add = (name: string, run: () => Promise<void>): void => {
    cases.push({
      name,
      async run() {
        const before = live();
        await run();
        verify(live() === before, `leaked ${live() - before} caches and results`);
      },
    });
  };

  add('each sequence has one end event, whose ids are those of its token events', async () => {
    for (const count of new Set([1, sequences])) {
      const emitted = new Map<string, number[]>();
      const ended: EndEvent[] = [];
      for await (const event of generate(model, prompts, call({ numReturnSequences: count, eosTokenIds: [6] }))) {
        const key = event.type === 'step' ? '' : `${event.promptIndex} ${event.sequence}`;
        if (event.type === 'token') emitted.set(key, [...(emitted.get(key) ?? []), event.id]);
        if (event.type !== 'end') continue;
        verifyEqual(emitted.get(key) ?? [], event.ids, `token events of sequence ${key}`);
        ended.push(event);
      }
      verifyEqual(ended.length, prompts.length * count, 'end events');
      verifyEqual(
        new Set(ended.map(({ promptIndex, sequence }) => `${promptIndex} ${sequence}`)).size,
        ended.length,
        'numReturnSequences',
      );
    }
  });

  add('the same seed gives the same tokens', async () => {
    const first = await ids(prompts);
    verifyEqual(await ids(prompts), first, 'the second run');
    if (!random) return;
    const others = await Promise.all([21, 22, 23, 24].map((seed) => ids(prompts, { seed })));
    verify(
      others.some((other) => JSON.stringify(other) !== JSON.stringify(first)),
      'four other seeds all gave the same tokens',
    );
  });

  add('a prompt of a ragged batch gives the tokens of that prompt alone', async () => {
    for (const eosTokenIds of [[], [6], [6, 3]]) {
      const together = await ids(prompts, { eosTokenIds: eosTokenIds });
      for (const [i, prompt] of prompts.entries())
        verifyEqual(
          [together[i]],
          await ids([prompt], { eosTokenIds: eosTokenIds }),
          `prompt ${i} with end tokens ${eosTokenIds.join()}`,
        );
    }
  });

  add('a stop condition ends a sequence', async () => {
    const stops: GenerateOptions[] = [{ eosTokenIds: [3, 6] }, { stopWhen: ({ id }) => id === 2 || id === 6 }];
    for (const stop of stops)
      for (const end of await ends(prompts, stop)) {
        const { ids: tokens } = end;
        const wanted = stop.eosTokenIds ?? [2, 6];
        const at = tokens.findIndex((id) => wanted.includes(id));
        verify(at < 0 || at === tokens.length - 1, () => `${tokens.join(' ')} continues after ${tokens[at]}`);
        const expected = at < 0 ? 'length' : `stop: ${stop.eosTokenIds === undefined ? 'condition' : tokens[at]}`;
        verifyEqual(ending(end), expected, `finish of ${tokens.join(' ')}`);
      }
  });

  add('lengths are as requested', async () => {
    for (const maxNewTokens of [1, 2, 5])
      for (const end of await ends(prompts, { maxNewTokens }))
        verifyEqual([end.ids.length, ending(end)], [maxNewTokens, 'length'], 'length and finish');
    for (const { ids: tokens } of await ends(prompts, { eosTokenIds: [3, 6], minNewTokens: 4 }))
      verify(tokens.length >= 4, () => `${tokens.join(' ')} ended before 4 tokens`);
  });

  add('it stops at the end of the context, or slides', async () => {
    const small = toyModel({ vocabSize: model.vocabSize, seed: 5, contextLength: 10 });
    const run = async (onContextFull: 'stop' | 'slide') =>
      (
        await generate(
          small,
          [
            [1, 2, 3],
            [4, 0, 2, 1, 5, 3, 3, 1, 2, 2],
          ],
          call({ maxNewTokens: 20, onContextFull }),
        )
      ).sequences;
    for (const end of await run('stop'))
      verifyEqual(
        [ending(end), end.ids.length],
        ['length: context', end.promptIndex === 0 ? 8 : 1],
        'finish and length',
      );
    if (slides) for (const { ids: tokens } of await run('slide')) verifyEqual(tokens.length, 20, 'length');
    verify(small.live.size === 0, `leaked ${small.live.size} caches and results`);
  });

  add('the state of a sampler follows the tokens', async () => {
    // A draft may have less state, so it is enough that each position was met once with the right state.
    const met = new Set<string>();
    const counting: HostSampler = {
      name: 'counting',
      traits: {
        keepsArgMax: true,
        narrows: true,
        stateful: true,
      },
      onHost(_, { state, history, promptLength, sampled }) {
        const count = state.get<number>() ?? 0;
        const matches = count === 0 ? sampled === undefined : sampled?.id === history.at(-1);
        if (matches && count === history.length - promptLength) met.add(history.tokens.join(' '));
        state.set(count + 1);
      },
    };
    const plain = await ids(prompts);
    verifyEqual(await ids(prompts, { samplers: [counting] }), plain, 'with the sampler');
    for (const [promptIndex, tokens] of plain.entries())
      for (const length of tokens.keys()) {
        const before = [...prompts[promptIndex]!, ...tokens.slice(0, length)].join(' ');
        verify(met.has(before), `after ${before} the sampler has another state`);
      }
  });

  add('a prompt that is read in small chunks gives the same tokens', async () => {
    verifyEqual(await ids(prompts, { prefillChunkSize: 3 }), await ids(prompts), 'in chunks');
  });

  add('two interleaved calls give the tokens of each call alone', async () => {
    const [a, b] = [await ids([prompts[0]!]), await ids([prompts[1]!], { seed: 5 })];
    const [first, second] = await Promise.all([ids([prompts[0]!]), ids([prompts[1]!], { seed: 5 })]);
    verifyEqual([first, second], [a, b], 'the calls');
  });

  add('a decoding state continues like a prompt of its tokens, and so do its fork and its restored copy', async () => {
    const { seed, ...rest } = call({ maxNewTokens: 3 });
    const resume = async (state: DecodingState): Promise<readonly number[]> =>
      (await generate(model, state, rest)).sequences[0]!.ids;
    const state = DecodingState.open(model, prompts[0]!, { seed: seed as number });
    const generated = await resume(state);
    verifyEqual(Array.from(state.history.tokens), [...prompts[0]!, ...generated], 'tokens of the state');
    const fork = state.fork();
    const restored = DecodingState.restore(model, await state.serialize());
    const expected = await ids([Array.from(state.history.tokens)], { maxNewTokens: 3 });
    for (const [name, one] of Object.entries({ state, fork, restored })) {
      verifyEqual([await resume(one)], expected, `tokens after the ${name}`);
      one.dispose();
    }
  });

  add('an early break at any event leaves nothing behind', async () => {
    for (let stop = 0, left = true; left; stop++) {
      let seen = 0;
      left = false;
      for await (const _ of generate(model, prompts, call({ steps: true, maxNewTokens: 3 }))) {
        left = seen++ >= stop;
        if (left) break;
      }
    }
  });

  add('an abort at any step ends each sequence once, and leaves nothing behind', async () => {
    for (let stop = 0, aborted = true; aborted; stop++) {
      const controller = new AbortController();
      const events: StreamEvent[] = [];
      if (stop === 0) controller.abort();
      const options = call({ signal: controller.signal, steps: true, maxNewTokens: 3 });
      for await (const event of generate(model, prompts, options)) {
        events.push(event);
        if (events.length === stop) controller.abort();
      }
      verifyEqual(events.filter(({ type }) => type === 'end').length, prompts.length, 'end events');
      aborted = controller.signal.aborted;
    }
  });

  add('a sampler that throws at any step leaves nothing behind, and the model is usable', async () => {
    const short = { maxNewTokens: 3 };
    const expected = await ids(prompts, short);
    for (let step = 0, reached = true; reached; step++) {
      let calls = 0;
      reached = false;
      const faulty: Sampler = {
        name: 'faulty',
        onHost() {
          reached ||= calls === step;
          if (calls++ === step) throw new RangeError('planted');
        },
      };
      let caught: unknown;
      try {
        await ids(prompts, { ...short, samplers: [faulty] });
      } catch (error) {
        caught = error;
      }
      verify(!reached || caught instanceof RangeError, () => `expected the planted error, but got ${String(caught)}`);
      verifyEqual(await ids(prompts, short), expected, 'the next call');
    }
  });
  return cases;
}
