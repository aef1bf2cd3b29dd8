import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkChain,
  gpt2,
  huggingFace,
  kgwWatermark,
  llamaCpp,
  ollama,
  synthId,
  vllm,
  xTransformers,
} from '../index.ts';

/** Each option left out, or one of some values that switch its stage on or off. */
function anyOf<Options extends object>(values: { [Name in keyof Options]-?: readonly Options[Name][] }) {
  const arbitraries = Object.fromEntries(
    Object.entries(values).map(([name, choices]) => [name, fc.constantFrom(...(choices as readonly unknown[]))]),
  );
  return fc.record(arbitraries, { requiredKeys: [] }) as fc.Arbitrary<Options>;
}

type Known<Preset extends (options: never) => unknown> = NonNullable<Parameters<Preset>[0]>;

const huggingFaceOptions = anyOf<Known<typeof huggingFace>>({
  doSample: [true, false],
  temperature: [0.5, 1, 2],
  topK: [0, 5],
  topP: [0.5, 1],
  minP: [0, 0.1],
  typicalP: [0.5, 1],
  epsilonCutoff: [0, 0.01],
  etaCutoff: [0, 0.01],
  topH: [0, 0.5],
  repetitionPenalty: [1, 1.2],
  penalizePrompt: [true, false],
  sequenceBias: [[], [{ tokens: [1, 2], bias: 2 }], [{ tokens: [1], bias: '-Infinity' }]],
  encoderRepetitionPenalty: [1, 1.2],
  noRepeatNgramSize: [0, 3],
  encoderNoRepeatNgramSize: [0, 3],
  badWordsIds: [[], [[1, 2]]],
  minLength: [0, 3],
  minNewTokens: [0, 3],
  prefixAllowedTokensFn: [null, () => [1]],
  forcedBosTokenId: [null, 1],
  forcedEosTokenId: [null, 2],
  removeInvalidValues: [false, true],
  exponentialDecayLengthPenalty: [null, [5, 1.1]],
  suppressTokens: [[], [1]],
  beginSuppressTokens: [[], [1]],
  watermark: [null, kgwWatermark(), synthId({ keys: [1] })],
  renormalizeLogits: [false, true],
  minTokensToKeep: [1, 3],
  processors: [[], [{ name: 'mine', onHost: () => {} }]],
});

/** Without `samplers`: another order may deserve its warning. */
const llamaCppOptions = anyOf<Omit<Known<typeof llamaCpp>, 'samplers'>>({
  reasoningBudget: [null, { start: [1], end: [2], budget: 9 }],
  logitBias: [{}, { 3: 1 }, { 3: '-Infinity' }],
  repeatPenalty: [1, 1.1],
  frequencyPenalty: [0, 1],
  presencePenalty: [0, 1],
  repeatLastN: [-1, 0, 64],
  dryMultiplier: [0, 0.8],
  dryBase: [0.5, 1.75],
  dryAllowedLength: [2],
  dryPenaltyLastN: [-1, 0],
  drySequenceBreakers: [[], [[1]]],
  topNSigma: [-1, 1],
  topK: [-1, 40],
  typicalP: [0.9, 1],
  topP: [0.9, 1],
  minP: [0, 0.1],
  xtcProbability: [0, 0.5],
  xtcThreshold: [0.1, 0.6],
  temperature: [0, 0.8, 1],
  dynatempRange: [0, 0.5, 1],
  dynatempExponent: [1],
  minKeep: [0, 3],
  mirostat: [0, 1, 2],
  mirostatTau: [5],
  mirostatEta: [0.1],
  adaptiveTarget: [-1, 0.3],
  adaptiveDecay: [0.9],
});

const vllmOptions = anyOf<Known<typeof vllm>>({
  allowedTokenIds: [[], [1, 2]],
  badWords: [[], [[1]]],
  minTokens: [0, 2],
  stopTokenIds: [[], [7]],
  logitBias: [{}, { 3: 1 }],
  repetitionPenalty: [1, 1.1],
  frequencyPenalty: [0, 1],
  presencePenalty: [0, 1],
  temperature: [0, 0.5, 1],
  minP: [0, 0.1],
  topK: [-1, 0, 9],
  topP: [0.9, 1],
});

const xTransformersOptions = anyOf<Known<typeof xTransformers>>({
  filter: ['top_k', 'top_p', 'min_p', 'top_a', 'none'],
  fracNumTokens: [0.1],
  k: [undefined, 5],
  thres: [0.9],
  minP: [0.1],
  minPPow: [2],
  minPRatio: [0.02],
  temperature: [0, 0.5, 1],
});

const ollamaOptions = anyOf<Known<typeof ollama>>({
  temperature: [0.5, 1],
  topK: [0, 40],
  topP: [0.9, 1],
  minP: [0, 0.1],
  typicalP: [0.9, 1],
  repeatLastN: [0, 64],
  repeatPenalty: [1, 1.1],
  presencePenalty: [0, 1],
  frequencyPenalty: [0, 1],
});
const gpt2Options = anyOf<Known<typeof gpt2>>({ temperature: [0.5, 1], topK: [0, 40] });

const rulesOf = (chain: Parameters<typeof checkChain>[0]): string[] => checkChain(chain).map(({ rule }) => rule);

test.each<[string, fc.Arbitrary<Parameters<typeof checkChain>[0]>]>([
  ['huggingFace', huggingFaceOptions.map((options) => huggingFace(options))],
  ['vllm', vllmOptions.map((options) => vllm(options))],
  ['xTransformers', xTransformersOptions.map((options) => xTransformers(options))],
  ['ollama', ollamaOptions.map((options) => ollama(options))],
  ['gpt2', gpt2Options.map((options) => gpt2(options))],
])('%s gives no warning with any of its options', (_, chains) => {
  fc.assert(
    fc.property(chains, (chain) => {
      expect(rulesOf(chain)).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test('llamaCpp gives one only for a temperature of 0 with a stage that needs sampling', () => {
  const seen = { sound: 0, contradictory: 0 };
  fc.assert(
    fc.property(llamaCppOptions, (options) => {
      const { temperature = 0.8, dynatempRange = 0, mirostat = 0 } = options;
      const { xtcProbability = 0, xtcThreshold = 0.1, adaptiveTarget = -1 } = options;
      const greedy = temperature <= 0 && (mirostat > 0 || dynatempRange === 0);
      const draws = mirostat > 0 || adaptiveTarget >= 0 || (xtcProbability > 0 && xtcThreshold <= 0.5);
      const rules = rulesOf(llamaCpp(options));
      seen[rules.length === 0 ? 'sound' : 'contradictory']++;
      expect(rules.length > 0).toBe(greedy && draws);
      for (const rule of rules) expect(['after-greedy', 'random-before-greedy']).toContain(rule);
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.sound, seen.contradictory)).toBeGreaterThan(100);
});
