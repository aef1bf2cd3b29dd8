import { ParameterError, type Sampler } from '@tokenwright/core';
import {
  additivePenalty,
  dry,
  greedy,
  minP,
  mirostat2,
  noRepeatNgram,
  repetitionPenalty,
  temperature,
  tokenBias,
  topK,
  topNSigma,
  topP,
  typicalP,
  xtc,
} from '@tokenwright/samplers';
import { beamSearch, contrastiveSearch, promptLookup, speculative } from '@tokenwright/strategies';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallOptions, type LocalModel, languageModel } from './index.ts';
import { planSampling } from './options/sampling-options.ts';
import { coreIds } from './testing/ids.ts';

const prompt = 'The old house stood';
let lm: LocalModel;
/** The same model with a generation_config.json that says nothing. */
let plain: LocalModel;

beforeAll(async () => {
  lm = await languageModel('story', { threads: 1 });
  plain = await languageModel(withoutSampling(), { threads: 1 });
});
afterAll(() => Promise.all([lm.dispose(), plain.dispose()]));

describe('flat options are the chain, token for token', () => {
  it.each<[CallOptions, Sampler[]]>([
    [{ temperature: 0.7 }, [temperature({ temperature: 0.7 })]],
    [{ topK: 5 }, [topK({ k: 5 })]],
    [
      { temperature: 1.2, topK: 20, topP: 0.9, minP: 0.02 },
      [temperature({ temperature: 1.2 }), topK({ k: 20 }), topP({ p: 0.9 }), minP({ p: 0.02 })],
    ],
    [{ typicalP: 0.8 }, [typicalP({ p: 0.8 })]],
    [{ temperature: 0 }, [greedy()]],
    [{}, [greedy()]],
    [{ repetitionPenalty: 1.5 }, [repetitionPenalty({ penalty: 1.5 }), greedy()]],
    [{ noRepeatNgramSize: 2 }, [noRepeatNgram({ size: 2 }), greedy()]],
    [
      { frequencyPenalty: 0.7, presencePenalty: 0.4, temperature: 0.9 },
      [additivePenalty({ frequency: 0.7, presence: 0.4 }), temperature({ temperature: 0.9 })],
    ],
    [{ logitBias: { 3: 4, 5: -2 } }, [tokenBias({ biases: { 3: 4, 5: -2 } }), greedy()]],
    [
      { dryMultiplier: 0.8, dryAllowedLength: 1, topNSigma: 1.5 },
      [dry({ multiplier: 0.8, allowedLength: 1 }), topNSigma({ sigmas: 1.5 })],
    ],
    [{ xtcProbability: 0.5, xtcThreshold: 0.05 }, [xtc({ probability: 0.5, threshold: 0.05 })]],
    [{ mirostat: 2, mirostatTau: 3 }, [mirostat2({ tau: 3 })]],
  ])('%j', async (options, samplers) => {
    const lengths = { maxNewTokens: 24, seed: 11 };
    const { ids } = await plain.generate(prompt, { ...options, ...lengths });
    expect(ids).toEqual(await coreIds(plain, prompt, { samplers, ...lengths }));
  });

  it('different options give different texts', async () => {
    const texts = new Set<string>();
    for (const options of [{}, { temperature: 0.7 }, { topK: 5 }, { repetitionPenalty: 3 }])
      texts.add((await plain.generate(prompt, { ...options, maxNewTokens: 24, seed: 11 })).text);
    expect(texts.size).toBe(4);
  });
});

describe('generation_config.json is below the call', () => {
  it('without options, it is the default', async () => {
    const { ids, options } = await lm.generate(prompt, { seed: 3, maxNewTokens: 24 });
    const samplers = [temperature({ temperature: 0.8 }), topP({ p: 0.95 })];
    expect(ids).toEqual(await coreIds(lm, prompt, { samplers, seed: 3, maxNewTokens: 24 }));
    expect(options.samplers).toMatchObject({ source: 'generation_config.json' });
    expect((await lm.generate(prompt, { temperature: 0 })).usage.completionTokens).toBeLessThanOrEqual(200);
    expect((await lm.generate('', { maxNewTokens: 1 })).options.eosTokenIds?.source).toBe('generation_config.json');
  });

  it('an option of the call replaces its value alone', async () => {
    const { ids } = await lm.generate(prompt, { topP: 0.5, seed: 3, maxNewTokens: 24 });
    const samplers = [temperature({ temperature: 0.8 }), topP({ p: 0.5 })];
    expect(ids).toEqual(await coreIds(lm, prompt, { samplers, seed: 3, maxNewTokens: 24 }));
  });

  it('keys that a call has no option for stay in force', async () => {
    const banned = lm.tokenizer.encode(' the')[0]!;
    const config = { do_sample: true, temperature: 0.9, begin_suppress_tokens: [banned], sequence_bias: [[[7], 3]] };
    const { samplers } = planSampling({ topP: 0.5 }, config);
    expect(samplers.map(({ name }) => name)).toEqual([
      'sequence-bias',
      'suppress-tokens-at-begin',
      'temperature',
      'top-p',
    ]);
    expect(planSampling({}, config).samplers.map(({ name }) => name)).toEqual([
      'sequence-bias',
      'suppress-tokens-at-begin',
      'temperature',
    ]);
    expect(planSampling({ temperature: 0 }, { ...config, renormalize_logits: true }).samplers.at(-1)!.name).toBe(
      'normalize',
    );
  });

  it('temperature 0 is greedy decoding', async () => {
    const { ids } = await lm.generate(prompt, { temperature: 0, maxNewTokens: 24 });
    expect(ids).toEqual(await coreIds(lm, prompt, { samplers: [greedy()], maxNewTokens: 24 }));
  });

  it('without one, decoding is greedy', async () => {
    const { ids, options } = await plain.generate(prompt, { maxNewTokens: 24 });
    expect(ids).toEqual(await coreIds(plain, prompt, { samplers: [greedy()], maxNewTokens: 24 }));
    expect(options.maxNewTokens).toEqual({ value: 24, source: 'call' });
  });

  it('undefined is the same as left out', async () => {
    const names = ['temperature', 'topK', 'samplers', 'strategy', 'numBeams', 'maxNewTokens', 'signal', 'stopStrings'];
    const options: CallOptions = Object.fromEntries(names.map((name) => [name, undefined]));
    const [a, b] = [await lm.generate('A', { ...options, seed: 5 }), await lm.generate('A', { seed: 5 })];
    expect(a.ids).toEqual(b.ids);
  });
});

describe('samplers replace the flat options', () => {
  it('token for token', async () => {
    const samplers = [topK({ k: 3 }), temperature({ temperature: 2 })];
    const { ids } = await lm.generate(prompt, { samplers, seed: 4, maxNewTokens: 24 });
    expect(ids).toEqual(await coreIds(lm, prompt, { samplers, seed: 4, maxNewTokens: 24 }));
  });

  it('both together are refused, with the chain that the options are', async () => {
    const call = lm.generate(prompt, { samplers: [greedy()], temperature: 0.7, topK: 9 });
    await expect(call).rejects.toThrow(ParameterError);
    await expect(call).rejects.toThrow(
      /temperature must be left out when samplers is given.*samplers: \[temperature\(\{ temperature: 0\.7 \}\), topK\(\{ k: 9, .*topP\(/,
    );
  });
});

describe('strategies', () => {
  it('numBeams is beam search', async () => {
    const { ids, score } = await plain.generate(prompt, { numBeams: 3, lengthPenalty: 0.5, maxNewTokens: 12 });
    const strategy = beamSearch({ numBeams: 3, lengthPenalty: 0.5 });
    expect(ids).toEqual(await coreIds(plain, prompt, { strategy, samplers: [], maxNewTokens: 12 }));
    expect(score).toBeLessThan(0);
  });

  it('penaltyAlpha is contrastive search over topK', async () => {
    const { ids } = await plain.generate(prompt, { penaltyAlpha: 0.6, topK: 4, maxNewTokens: 12 });
    const strategy = contrastiveSearch({ penaltyAlpha: 0.6, topK: 4 });
    expect(ids).toEqual(await coreIds(plain, prompt, { strategy, samplers: [], maxNewTokens: 12 }));
  });

  it('promptLookupNumTokens changes speed alone', async () => {
    const options = { temperature: 0.8, seed: 2, maxNewTokens: 24 };
    const fast = await plain.generate(prompt, { ...options, promptLookupNumTokens: 4 });
    expect(fast.ids).toEqual((await plain.generate(prompt, options)).ids);
    expect(fast.usage.draftedTokens).toBeGreaterThanOrEqual(0);
  });

  it.each<[string, () => LocalModel, CallOptions]>([
    ['greedy by temperature: 0', () => lm, { temperature: 0 }],
    ['greedy by default', () => plain, {}],
    ['sampled by generation_config.json', () => lm, { seed: 6 }],
  ])('speculation changes speed alone: %s', async (_, open, options) => {
    const model = open();
    const { ids } = await model.generate(prompt, { ...options, maxNewTokens: 16 });
    const strategy = speculative({ draft: promptLookup(), accept: 'match' });
    for (const fast of [{ promptLookupNumTokens: 4 }, { strategy }])
      expect((await model.generate(prompt, { ...options, ...fast, maxNewTokens: 16 })).ids).toEqual(ids);
  });

  it.each<[CallOptions, RegExp]>([
    [{ numBeams: 2, penaltyAlpha: 0.6 }, /penaltyAlpha must be left out when numBeams is given/],
    [{ numBeams: 2, strategy: beamSearch({ numBeams: 2 }) }, /numBeams must be left out when strategy is given/],
    [{ numBeams: 1.5 }, /numBeams must be an integer/],
    [{ temperature: -1 }, /temperature must be a number of at least 0/],
    [{ topP: -1 }, /topP must be a number/],
    [{ topP: 2 }, /topP must be a number/],
    [{ xtcThreshold: 0.1 }, /xtcThreshold must be left out without xtcProbability/],
  ])('refuses %o', async (options, message) => {
    await expect(lm.generate(prompt, options)).rejects.toThrow(message);
  });
});

function withoutSampling() {
  return {
    name: 'story without sampling',
    async file(name: string) {
      const { demoModel } = await import('@tokenwright/demo-model');
      return name === 'generation_config.json' ? undefined : demoModel('story').file(name);
    },
  };
}
