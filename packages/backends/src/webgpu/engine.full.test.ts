import '@tensorflow/tfjs-backend-cpu';
import { type Engine, generate, type LanguageModel } from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { type DrawKey, sampleToken } from '@tokenwright/core/sampling';
import { describe, expect, it, vi } from 'vitest';
import { errorOf, feed, greedyTokens, load, logitsOf, text } from '../wasm/testing/logits.ts';
import { roundTrip } from '../wasm/testing/plain-formats.ts';
import { mappedSource, type TinyModel, tinyGPT2, tinyLlama } from '../wasm/testing/tiny-models.ts';
import type { WeightFormat } from './index.ts';
import { hasWebgpu, startWebgpu } from './testing/start.ts';

// A software driver takes seconds to compile each kernel.
vi.setConfig({ testTimeout: 300_000 });
const here = await hasWebgpu();
const judge = (): Promise<Engine> => referenceEngine({ backend: 'cpu' });
const gpt2 = tinyGPT2({ layers: 2, width: 32, intermediateSize: 64 }) as TinyModel;
const llama = tinyLlama({ layers: 2, width: 40, heads: 6, kvHeads: 3, headDim: 10, intermediateSize: 53 }) as TinyModel;
const prompt = text(40);

describe.skipIf(!here)('formats', () => {
  it.each<WeightFormat>(['f16', '8-bit', '8-bit-blocks', '4-bit-blocks'])(
    '%s: computes with its rounded weights',
    async (weights) => {
      const engine = await startWebgpu({ weights });
      const reference = await judge();
      for (const tiny of [gpt2, llama]) {
        const model = await load(engine, tiny);
        const source = mappedSource(tiny, (rows, inputs, { names }) => {
          // Position tables keep full precision.
          if (!names.some((name) => name.endsWith('wpe.weight'))) roundTrip(weights, rows, inputs);
        });
        const expected = await load(reference, { ...tiny, source });
        const right = await logitsOf(expected, prompt.slice(0, 10));
        expect(errorOf(await logitsOf(model, prompt.slice(0, 10)), right)).toBeLessThan(1e-4);
        expect(errorOf(await logitsOf(model, prompt.slice(0, 10), 1), right)).toBeLessThan(1e-4);
        model.dispose();
        expected.dispose();
      }
      expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
      await engine.dispose();
    },
  );
});

describe.skipIf(!here)('caches', () => {
  it.each([
    ['f16', 0.002],
    ['8-bit', 0.05],
  ] as const)('%s: stays close to float32 with less memory', async (kind, tolerance) => {
    const engine = await startWebgpu();
    const model = await load(engine, llama);
    const [exact, cache] = [model.createCache(), model.createCache({ kind })];
    const error = errorOf(await feed(model, cache, [prompt]), await feed(model, exact, [prompt]));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(tolerance);
    expect(cache.bytes / exact.bytes).toBeLessThan(kind === 'f16' ? 0.55 : 0.45);
    const restored = model.restoreCache(await exact.serialize());
    expect(await feed(model, restored, [[1]])).toEqual(await feed(model, exact, [[1]]));
    await engine.dispose();
  });

  it('split over a long context equals the reference', async () => {
    const engine = await startWebgpu();
    const tiny = tinyLlama({ layers: 1, contextLength: 1024 }) as TinyModel;
    const [model, right] = [await load(engine, tiny), await load(await judge(), tiny)];
    const after = async (on: LanguageModel): Promise<Float32Array[]> => {
      const cache = on.createCache();
      for (const part of [text(250), text(250), text(100)]) on.forward([part], cache, { scored: 0 }).dispose();
      const before = engine.report().dispatches;
      const logits = await feed(on, cache, [[7]]);
      // embed, 5 of the layer and its append, split attention, merge, norm, copy to the head, head.
      if (on === model) expect(engine.report().dispatches - before).toBe(1 + 7 + 1 + 1 + 1);
      cache.dispose();
      return logits;
    };
    expect(errorOf(await after(model), await after(right))).toBeLessThan(1e-4);
    await engine.dispose();
  });

  it('sees only its window and its sinks', async () => {
    const engine = await startWebgpu();
    const model = await load(engine, llama);
    const kind = { kind: 'window', size: 20, sinks: 4 } as const;
    const [inFrames, byToken] = [model.createCache({ kind }), model.createCache({ kind })];
    const long = text(110);
    const whole = await feed(model, inFrames, [long]);
    let last: Float32Array[] = [];
    model.forward([long.slice(0, 100)], byToken, { scored: 0 }).dispose();
    for (const id of long.slice(100)) last = await feed(model, byToken, [[id]]);
    expect(errorOf(last, whole.slice(-1))).toBeLessThan(1e-4);
    expect(errorOf(last, (await logitsOf(model, long)).slice(-1))).toBeGreaterThan(0.001);
    expect(() => byToken.truncate([50])).toThrow(/has moved past/);
    await engine.dispose();
  });
});

describe.skipIf(!here)('steps', () => {
  it('give the same greedy tokens without subgroups', async () => {
    const [engine, plain] = [await startWebgpu(), await startWebgpu({ subgroups: false })];
    expect(plain.report().subgroups).toBe(false);
    const [model, other] = [await load(engine, gpt2), await load(plain, gpt2)];
    expect(await greedyTokens(model, prompt.slice(0, 6), 8)).toEqual(await greedyTokens(other, prompt.slice(0, 6), 8));
    await engine.dispose();
    await plain.dispose();
  });

  it('of ragged rows start from their choices, and give the same tokens as steps that wait', async () => {
    const engine = await startWebgpu();
    // The vocabulary is so large that rows are not read back.
    const model = await load(
      engine,
      tinyGPT2({ layers: 2, width: 32, intermediateSize: 64, vocabSize: 4200 }) as TinyModel,
    );
    let followed = 0;
    const watched = (stepAhead: LanguageModel['stepAhead']): LanguageModel =>
      new Proxy(model, {
        get: (target, name) => {
          if (name === 'stepAhead') return stepAhead;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const tokens = async (on: LanguageModel): Promise<readonly [number[][], number]> => {
      const before = engine.report().dispatches;
      const ids: number[][] = [];
      const options = { numReturnSequences: 2, seed: 4, maxNewTokens: 6, eosTokenIds: [] };
      for await (const event of generate(on, [prompt.slice(0, 9), [3]], options))
        if (event.type === 'end') ids.push([...event.ids]);
      return [ids, engine.report().dispatches - before];
    };
    const following = watched((choice, cache) => {
      followed++;
      return model.stepAhead!(choice, cache);
    });
    expect(await tokens(following)).toEqual(await tokens(watched(undefined)));
    expect(followed).toBe(5);
    await engine.dispose();
  });
});

describe.skipIf(!here)('logits on the device', () => {
  it('are chosen from, masked and ranked as on the host', async () => {
    const engine = await startWebgpu();
    const model = await load(engine, gpt2);
    const cache = model.createCache();
    const { logits } = model.forward([prompt], cache, { scored: 3 });
    const values = await logits.read();
    const row = (i: number): Float32Array => values.subarray(i * model.vocabSize, (i + 1) * model.vocabSize);
    const largest = (numbers: Float32Array): number => numbers.indexOf(Math.max(...numbers));
    expect([...(await logits.choose!(undefined))]).toEqual([0, 1, 2].map((i) => largest(row(i))));
    for (const draw of [0, 1, 2, 3]) {
      const keys = [0, 1, 2].map((i): DrawKey => [draw, i]);
      expect([...(await logits.choose!(keys))]).toEqual(keys.map((key, i) => sampleToken(row(i), key)));
    }
    const [, top] = await logits.top!(10, [3, 90]);
    const order = [...row(1).keys()].sort((a, b) => row(1)[b]! - row(1)[a]! || a - b).slice(0, 10);
    expect([...top!.ids]).toEqual(order);
    expect([...top!.values]).toEqual(order.map((id) => row(1)[id]));
    expect([...top!.named]).toEqual([row(1)[3], row(1)[90]]);
    const most = Math.max(...row(1));
    expect(top!.logSumExp).toBeCloseTo(most + Math.log(row(1).reduce((sum, x) => sum + Math.exp(x - most), 0)), 4);
    const mask = Uint32Array.of(0b1010, 0, 1, 0);
    const masked = logits.mask!([mask, mask, mask]);
    const kept = await masked.read([2]);
    expect([...kept.keys()].filter((id) => kept[id] !== -Infinity)).toEqual([1, 3, 64]);
    expect(kept[64]).toBe(row(2)[64]);
    const nothing = new Uint32Array(4);
    const removed = logits.mask!([nothing, mask, nothing]);
    for (const keys of [undefined, [0, 1, 2].map((i): DrawKey => [i, i])])
      expect([...(await removed.choose!(keys))].map((id) => id === -1)).toEqual([true, false, true]);
    await engine.dispose();
  });
});
