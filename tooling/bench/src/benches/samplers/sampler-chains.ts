import type { Sampler } from '@tokenwright/core';
import {
  adaptiveP,
  additivePenalty,
  allowedTokens,
  badWords,
  dry,
  dynamicTemperature,
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  epsilonCutoff,
  etaCutoff,
  exponentialLengthDecay,
  forcedBosToken,
  forcedEosToken,
  frequencyPenalty,
  gpt2,
  greedy,
  huggingFace,
  infill,
  kgwWatermark,
  llamaCpp,
  minLength,
  minNewTokens,
  minP,
  mirostat1,
  mirostat2,
  noRepeatNgram,
  normalize,
  pLess,
  prefixAllowedTokens,
  presencePenalty,
  regex,
  removeInvalid,
  repetitionPenalty,
  sequenceBias,
  suppressTokens,
  suppressTokensAtBegin,
  synthId,
  tailFree,
  temperature,
  thinkingBudget,
  tokenBias,
  tokenHealing,
  topA,
  topH,
  topK,
  topNSigma,
  topP,
  typicalP,
  vllm,
  xTransformers,
  xtc,
} from '@tokenwright/samplers';
import * as compat from '@tokenwright/samplers/compat';

/** A named chain. */
export interface NamedChain {
  readonly name: string;
  readonly samplers: readonly Sampler[];
  /** Whether a token is sampled at the end. */
  readonly draws: boolean;
}

/** The settings of the usual chain. */
export const usual = { penalty: 1.1, k: 50, p: 0.95, t: 0.8 } as const;

/**
 * Every sampler alone, with usual settings.
 *
 * @param position number of tokens before the chosen one, where samplers that apply at one position only are set to apply.
 */
export function singleSamplers(vocabSize: number, position: number): NamedChain[] {
  const some = Array.from({ length: 100 }, (_, i) => (i * 5 + 1) % vocabSize);
  const words = some.map((id) => [id, (id + 3) % vocabSize]);
  const texts = Array.from({ length: vocabSize }, (_, id) => id.toString(26).replace(/\d/g, (d) => 'qrstuvwxyz'[+d]!));
  const all: readonly Sampler[] = [
    temperature({ temperature: usual.t }),
    dynamicTemperature({ temperature: 0.8, range: 0.3 }),
    topK({ k: usual.k }),
    compat.topK({ share: 0.1 }),
    topP({ p: usual.p }),
    minP({ p: 0.05 }),
    topA({ ratio: 0.2 }),
    typicalP({ p: 0.95 }),
    epsilonCutoff({ epsilon: 3e-4 }),
    etaCutoff({ epsilon: 3e-4 }),
    topH({ entropyShare: 0.4 }),
    topNSigma({ sigmas: 1 }),
    pLess(),
    xtc({ probability: 1, threshold: 0.02 }),
    tailFree({ mass: 0.95 }),
    infill({ text: (id) => texts[id]! }),
    mirostat1({ tau: 5 }),
    mirostat2({ tau: 5 }),
    adaptiveP({ target: 0.3 }),
    greedy(),
    repetitionPenalty({ penalty: usual.penalty }),
    frequencyPenalty({ penalty: 0.5 }),
    presencePenalty({ penalty: 0.5 }),
    additivePenalty({ frequency: 0.5, presence: 0.5 }),
    dry({ multiplier: 0.8 }),
    noRepeatNgram({ size: 3 }),
    encoderRepetitionPenalty({ penalty: 1.2 }),
    encoderNoRepeatNgram({ size: 3 }),
    tokenBias({ biases: Object.fromEntries(some.map((id) => [id, -1])) }),
    sequenceBias({ sequences: words.map((tokens) => ({ tokens, bias: -1 })) }),
    badWords({ words }),
    suppressTokens({ tokens: some }),
    suppressTokensAtBegin({ tokens: some, position }),
    forcedBosToken({ token: 1, position }),
    forcedEosToken({ maxLength: position + 1 }),
    allowedTokens({ tokens: some }),
    prefixAllowedTokens({ allowed: () => some }),
    exponentialLengthDecay({ start: 10, factor: 1.05 }),
    minLength({ length: 900 }),
    minNewTokens({ count: 900 }),
    thinkingBudget({ start: [1], end: [2], budget: 32 }),
    regex({ pattern: '[a-z ]*', texts }),
    tokenHealing({ text: 'b', texts }),
    normalize(),
    removeInvalid(),
    kgwWatermark(),
    synthId({ keys: Array.from({ length: 30 }, (_, i) => i * 7919 + 1) }),
  ];
  return all.map((sampler) => ({
    name: sampler.parameters !== null && sharesOf(sampler) ? `${sampler.name}, a share` : sampler.name,
    samplers: [sampler],
    draws: false,
  }));
}

/** Common chains, with sampling at the end. */
export function chains(): NamedChain[] {
  const drawn = (name: string, samplers: readonly Sampler[]): NamedChain => ({ name, samplers, draws: true });
  return [
    drawn('repetition, top-k, top-p, temperature', [
      repetitionPenalty({ penalty: usual.penalty }),
      topK({ k: usual.k }),
      topP({ p: usual.p }),
      temperature({ temperature: usual.t }),
    ]),
    drawn('temperature, top-p', [temperature({ temperature: usual.t }), topP({ p: usual.p })]),
    drawn('temperature, min-p', [temperature({ temperature: 1.2 }), minP({ p: 0.05 })]),
    drawn('no sampler', []),
    drawn('greedy', [greedy()]),
    drawn(
      'huggingFace()',
      huggingFace({ repetitionPenalty: usual.penalty, temperature: usual.t, topK: usual.k, topP: usual.p }),
    ),
    drawn('llamaCpp()', llamaCpp({ repeatPenalty: usual.penalty })),
    drawn('vllm()', vllm({ repetitionPenalty: usual.penalty, temperature: usual.t, topK: usual.k, topP: usual.p })),
    drawn('xTransformers()', xTransformers()),
    drawn('gpt2()', gpt2()),
  ];
}

/** True for top-k with a share of the vocabulary. */
function sharesOf({ parameters }: Sampler): boolean {
  return typeof parameters === 'object' && parameters !== null && 'share' in parameters;
}
