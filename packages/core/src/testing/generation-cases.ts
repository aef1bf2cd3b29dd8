import type { StreamEvent } from '../generate/contract/events.ts';
import type { GenerateOptions } from '../generate/contract/options.ts';
import type { Strategy } from '../generate/contract/strategy.ts';
import { generate } from '../generate/generate.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { type ContractCase, verify, verifyEqual } from './cases.ts';

export interface GenerationCasesOptions {
  /** Default: `sampling()`. */
  readonly strategy?: () => Strategy;
  /** Returns what the engine holds. When given, every case must restore it. */
  readonly memory?: () => { readonly bytes: number; readonly buffers: number };
  /** Tokens of the long run. Default 1000. */
  readonly longRun?: number;
}

/**
 * The contract of a call of `generate`, on any model: independent rows, seeds, caches, interleaving, and nothing left
 * allocated.
 */
export function generationCases(
  model: LanguageModel,
  { strategy, memory, longRun = 1000 }: GenerationCasesOptions = {},
): ContractCase[] {
  const prompts = [[1, 2, 3], [4, 0, 2, 1, 5, 3, 3], [2]];
  const options = (more: GenerateOptions = {}): GenerateOptions => ({
    samplers: [],
    maxNewTokens: 8,
    seed: 11,
    eosTokenIds: [],
    ...(strategy === undefined ? {} : { strategy: strategy() }),
    ...more,
  });
  const ids = async (prompt: readonly number[] | readonly (readonly number[])[], more?: GenerateOptions) =>
    (await generate(model, prompt as number[], options(more))).ids;
  const cases: ContractCase[] = [];
  const add = (name: string, run: () => Promise<void>): void => {
    cases.push({
      name,
      async run() {
        const before = memory?.();
        await run();
        const after = memory?.();
        verify(
          after?.bytes === before?.bytes && after?.buffers === before?.buffers,
          () => `leaked ${after!.buffers - before!.buffers} buffers, ${after!.bytes - before!.bytes} bytes.`,
        );
      },
    });
  };

  add('the same seed gives the same tokens, another seed others', async () => {
    const first = await ids(prompts[0]!);
    verifyEqual(await ids(prompts[0]!), first, 'the second run');
    const others = await Promise.all([21, 22, 23, 24].map((seed) => ids(prompts[0]!, { seed })));
    verify(
      others.some((other) => JSON.stringify(other) !== JSON.stringify(first)),
      'four other seeds all gave the same tokens',
    );
  });

  add('a prompt of a ragged batch gives the tokens of that prompt alone', async () => {
    const together = await ids(prompts);
    for (const [i, prompt] of prompts.entries()) verifyEqual([together[i]], await ids(prompt), `row ${i}`);
  });

  add('rows that end early do not change the others', async () => {
    const plain = await ids(prompts);
    const end = plain[0]![2]!;
    const ended = await ids(prompts, { eosTokenIds: [end] });
    for (const [i, row] of plain.entries()) {
      const at = row.indexOf(end);
      verifyEqual(ended[i], at < 0 ? row : row.slice(0, at + 1), `row ${i}`);
    }
  });

  add('static, dynamic and no cache give the same tokens', async () => {
    const expected = await ids(prompts);
    for (const cache of ['dynamic', 'none'] as const)
      verifyEqual(await ids(prompts, { cache }), expected, `cache: '${cache}'`);
  });

  add('a given cache with any prefix gives the tokens of a new one, and stays filled', async () => {
    const expected = await ids(prompts);
    const cache = model.createCache({ rows: prompts.length });
    try {
      model.forward([[1, 2, 0, 0], [4, 0, 2], []], cache).dispose();
      verifyEqual(await ids(prompts, { cache }), expected, 'with a filled cache');
      verifyEqual(cache.rows, prompts.length, 'rows of the cache');
      verifyEqual(Array.from(cache.tokens(0).slice(0, 3)), prompts[0], 'its first tokens');
      verifyEqual(await ids(prompts, { cache }), expected, 'once more');
    } finally {
      cache.dispose();
    }
  });

  add('two interleaved calls give the tokens of each call alone', async () => {
    const [a, b] = [await ids(prompts[0]!), await ids(prompts[1]!, { seed: 5 })];
    const collect = async (prompt: readonly number[], more: GenerateOptions): Promise<readonly number[]> => {
      const tokens: number[] = [];
      for await (const event of generate(model, prompt, options(more))) {
        if (event.type === 'token') tokens.push(event.id);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      return tokens;
    };
    const [first, second] = await Promise.all([collect(prompts[0]!, {}), collect(prompts[1]!, { seed: 5 })]);
    verifyEqual([first], a, 'the first call');
    verifyEqual([second], b, 'the second call');
  });

  add('an early break leaves nothing behind', async () => {
    for (let stop = 0; stop < 5; stop++) {
      let seen = 0;
      for await (const _ of generate(model, prompts, options())) if (seen++ >= stop) break;
    }
  });

  add('an abort at any step ends each sequence once, and leaves nothing behind', async () => {
    for (let stop = 0; stop < 6; stop++) {
      const controller = new AbortController();
      const events: StreamEvent[] = [];
      if (stop === 0) controller.abort();
      for await (const event of generate(model, prompts, options({ signal: controller.signal }))) {
        events.push(event);
        if (events.length === stop) controller.abort();
      }
      const ends = events.filter((event) => event.type === 'end');
      verifyEqual(ends.length, prompts.length, `end events after an abort at event ${stop}`);
      verify(
        ends.every((event) => event.type === 'end' && event.finishReason === 'abort'),
        'every reason is abort',
      );
    }
  });

  add('a sampler that throws at any step leaves nothing behind, and the model usable', async () => {
    const expected = await ids(prompts[0]!);
    for (let step = 0; step < 6; step++) {
      let calls = 0;
      const faulty: Sampler = {
        name: 'faulty',
        onHost() {
          if (calls++ === step) throw new RangeError('planted');
        },
      };
      let caught: unknown;
      try {
        await ids(prompts, { samplers: [faulty] });
      } catch (error) {
        caught = error;
      }
      verify(caught instanceof RangeError, () => `expected the planted error, but got ${String(caught)}`);
      verifyEqual(await ids(prompts[0]!), expected, 'the next call');
    }
  });

  add(`${longRun} tokens leave nothing behind`, async () => {
    const [tokens] = await ids(prompts[0]!, { maxNewTokens: longRun, onContextFull: 'slide' });
    verifyEqual(tokens!.length, longRun, 'tokens');
  });
  return cases;
}
