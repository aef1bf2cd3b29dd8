import { type GenerateOptions, generate, type KVCache, type LanguageModel, type Sampler } from '@tokenwright/core';
import type { PendingChoice } from '@tokenwright/core/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { load } from '../../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2 } from '../../wasm/testing/tiny-models.ts';
import type { FusedWebgpuEngine } from '../index.ts';
import { hasWebgpu, startWebgpu } from '../testing/start.ts';

const here = await hasWebgpu();
/** The vocabulary is so large that a row is expensive to read back: only then is the choice made on the device. */
const tiny = tinyGPT2({ layers: 1, width: 32, intermediateSize: 64, vocabSize: 4200 }) as TinyModel;
const greedy: Sampler = {
  name: 'largest',
  traits: {
    keepsArgMax: true,
    narrows: true,
    selectsArgMax: true,
  },
  mask: () => new Uint32Array(0),
};

describe.skipIf(!here)('steps begun from a choice', () => {
  let engine: FusedWebgpuEngine;
  let model: LanguageModel;
  /** The same model, which waits for each choice. */
  let waiting: LanguageModel;
  let followed = 0;

  beforeAll(async () => {
    engine = await startWebgpu();
    model = await load(engine, tiny);
    waiting = seen(model, { stepAhead: undefined });
  });
  afterAll(() => engine.dispose());

  /** The tokens, and how many kernels they took. */
  async function run(on: LanguageModel, options: GenerateOptions): Promise<[number[][], number]> {
    const before = engine.report().dispatches;
    const ids: number[][] = [];
    const given = { seed: 3, eosTokenIds: [], onWarning: () => {}, ...options };
    for await (const event of generate(on, [[5]], given))
      if (event.type === 'end') ids[event.promptIndex] = [...event.ids];
    return [ids, engine.report().dispatches - before];
  }

  it.each<[string, Sampler[]]>([
    ['greedy', [greedy]],
    ['draws', []],
  ])('%s: the same tokens, and no step is computed twice', async (_, samplers) => {
    const start = engine.memory();
    const counting = seen(model, {
      stepAhead: (choice: PendingChoice, cache: KVCache) => {
        followed++;
        return model.stepAhead!(choice, cache);
      },
    });
    followed = 0;
    const [ids, kernels] = await run(counting, { samplers, maxNewTokens: 4 });
    expect([ids, kernels]).toEqual(await run(waiting, { samplers, maxNewTokens: 4 }));
    // After all but the last choice: a step beyond it is not wanted.
    expect(followed).toBe(3);
    expect(engine.memory()).toEqual(start);
  });

  it('a reader that looks at the cache, bans a token or leaves gets what it would get without', async () => {
    const start = engine.memory();
    const events = async (on: LanguageModel): Promise<unknown> => {
      const cache = on.createCache();
      const seenHere: unknown[] = [];
      const stream = generate(on, [[5]], { seed: 3, eosTokenIds: [], maxNewTokens: 6, cache });
      let answer: { ban: number[] } | undefined;
      for (;;) {
        const { value: event, done } = await stream.next(answer as never);
        if (done === true || seenHere.length === 4) break;
        answer = undefined;
        if (event.type !== 'token') continue;
        const fork = cache.fork();
        seenHere.push([event.id, [...cache.lengths], (await fork.serialize()).length]);
        fork.dispose();
        if (seenHere.length === 2) answer = { ban: [event.id, event.id + 1] };
      }
      await stream.return();
      seenHere.push([...cache.tokens(0)]);
      cache.dispose();
      return seenHere;
    };
    expect(await events(model)).toEqual(await events(waiting));
    expect(engine.memory()).toEqual(start);
  });

  it('refuses a choice of another engine, or of other rows', async () => {
    const cache = model.createCache();
    const { logits } = model.forward([[1]], cache);
    const choice = logits.chooseAhead!(undefined);
    const other = await startWebgpu();
    const elsewhere = await load(other, tiny);
    const theirs = elsewhere.createCache({ rows: 2 });
    elsewhere.stepAhead!(choice, theirs);
    expect(theirs.lengths).toEqual([0, 0]);
    const alone = elsewhere.createCache();
    elsewhere.stepAhead!(choice, alone);
    expect(alone.lengths).toEqual([0]);
    elsewhere.forward([[1]], alone).dispose();
    await other.dispose();
    choice.dispose();
    logits.dispose();
    cache.dispose();
  });
});

/** A model of which some properties are others. */
function seen(model: LanguageModel, others: Partial<Record<keyof LanguageModel, unknown>>): LanguageModel {
  return new Proxy(model, {
    get: (target, name) => {
      if (name in others) return others[name as keyof LanguageModel];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
