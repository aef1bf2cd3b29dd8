import { type GenerateOptions, generate, type KVCache, type LanguageModel, type Sampler } from '@tokenwright/core';
import type { PendingChoice } from '@tokenwright/core/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { load } from '../../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2 } from '../../wasm/testing/tiny-models.ts';
import type { FusedWebgpuEngine } from '../index.ts';
import { hasWebgpu, startWebgpu } from '../testing/start.ts';

const here = await hasWebgpu();
/** On a software driver the kernels of the default take four times as long to compile. */
const quickly = { batchInvariant: false };
/** The vocabulary is so large that a row is expensive to read back. Only then is the choice made on the device. */
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

describe.skipIf(!here)('steps that start from a choice', () => {
  let engine: FusedWebgpuEngine;
  let model: LanguageModel;
  /** The same model, without steps ahead. */
  let waiting: LanguageModel;
  let followed = 0;

  beforeAll(async () => {
    engine = await startWebgpu(quickly);
    model = await load(engine, tiny);
    waiting = seen(model, { stepAhead: undefined });
  });
  afterAll(() => engine.dispose());

  /** The tokens, and the number of kernels. */
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
    // After every choice except the last, which needs no further step.
    expect(followed).toBe(3);
    expect(engine.memory()).toEqual(start);
  });

  it('reading the cache, banning a token or stopping early gives the same result as without steps ahead', async () => {
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

  it('rejects a choice of another engine, or with another number of rows', async () => {
    const cache = model.createCache();
    const { logits } = model.forward([[1]], cache);
    const choice = logits.chooseAhead!(undefined);
    const other = await startWebgpu(quickly);
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

/** A model with some properties replaced. */
function seen(model: LanguageModel, others: Partial<Record<keyof LanguageModel, unknown>>): LanguageModel {
  return new Proxy(model, {
    get: (target, name) => {
      if (name in others) return others[name as keyof LanguageModel];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
