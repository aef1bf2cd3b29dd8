import '@tensorflow/tfjs-backend-cpu';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import type { Sampler } from '@tokenwright/core';
import { type SamplerCasesOptions, type SamplerLaw, samplerCases } from '@tokenwright/core/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import * as samplers from '../index.ts';

beforeAll(async () => {
  await setBackend('cpu');
  await ready();
});

const because = (reason: string, ...laws: SamplerLaw[]): Pick<SamplerCasesOptions, 'skip'> => ({
  skip: Object.fromEntries(laws.map((law) => [law, reason])),
});
const sizes = { vocabSizes: [24, 100] };
/** It removes tokens by id, so it may remove the only one left, and one whose logit is broken. */
const removes = ['never empties a row', 'gives a distribution', 'hides no NaN and no infinity'] as const;
/** It acts on given ids, so it does not survive renumbering, and it splits ties. */
const named = (...more: SamplerLaw[]): SamplerCasesOptions => ({
  ...sizes,
  ...because('It acts on tokens by id.', 'does not depend on the numbering of tokens', 'treats ties alike', ...more),
});
const textual = because('It acts on tokens of the text.', 'treats ties alike', ...removes);
const texts = Array.from({ length: 100 }, (_, id) =>
  String.fromCharCode(97 + (id % 26)).repeat(1 + Math.floor(id / 26)),
);

const members: [string, () => Sampler, SamplerCasesOptions?][] = [
  ['frequency penalty', () => samplers.frequencyPenalty({ penalty: 0.5, countPrompt: true })],
  ['frequency penalty below 0', () => samplers.frequencyPenalty({ penalty: -1, window: 2 })],
  ['presence penalty', () => samplers.presencePenalty({ penalty: 1.5, countPrompt: true })],
  ['additive penalty', () => samplers.additivePenalty({ frequency: 0.25, presence: 1, countPrompt: true })],
  ['additive penalty, off', () => samplers.additivePenalty({})],
  ['dry', () => samplers.dry({ multiplier: 0.75, allowedLength: 1 })],
  ['encoder repetition penalty', () => samplers.encoderRepetitionPenalty({ penalty: 1.5 })],
  ['no-repeat n-gram', () => samplers.noRepeatNgram({ size: 1 }), textual],
  ['encoder no-repeat n-gram', () => samplers.encoderNoRepeatNgram({ size: 1 }), textual],
  ['token bias', () => samplers.tokenBias({ biases: { 3: 2, 7: -4.5 } }), named()],
  ['sequence bias', () => samplers.sequenceBias({ sequences: [{ tokens: [5], bias: 2 }] }), named()],
  ['bad words', () => samplers.badWords({ words: [[3], [4, 5]] }), named(...removes)],
  ['suppress tokens', () => samplers.suppressTokens({ tokens: [2, 9] }), named()],
  ['suppress tokens at begin', () => samplers.suppressTokensAtBegin({ tokens: [2, 9] }), named()],
  ['allowed tokens', () => samplers.allowedTokens({ tokens: [2, 7, 9] }), named(...removes)],
  [
    'prefix allowed tokens',
    () => samplers.prefixAllowedTokens({ allowed: (tokens) => [0, 2, tokens.length % 24] }),
    named(...removes),
  ],
  ['forced bos token', () => samplers.forcedBosToken({ token: 3, position: 4 }), named(...removes)],
  [
    'forced eos token',
    () => samplers.forcedEosToken({ maxLength: 4 }),
    because('It acts on end tokens.', 'treats ties alike', ...removes),
  ],
  [
    'min length',
    () => samplers.minLength({ length: 4 }),
    because('It acts on end tokens.', 'treats ties alike', ...removes),
  ],
  [
    'min new tokens',
    () => samplers.minNewTokens({ count: 2 }),
    because('It acts on end tokens.', 'treats ties alike', ...removes),
  ],
  [
    'exponential length decay',
    () => samplers.exponentialLengthDecay({ start: 1, factor: 1.5 }),
    because('It acts on end tokens.', 'treats ties alike'),
  ],
  ['thinking budget', () => samplers.thinkingBudget({ start: [1], end: [2], budget: 1 }), named(...removes)],
  ['token healing', () => samplers.tokenHealing({ text: 'ab', texts }), named(...removes)],
  ['regex', () => samplers.regex({ pattern: '[a-z]*', texts }), named(...removes)],
  ['normalize', () => samplers.normalize()],
  [
    'remove invalid',
    () => samplers.removeInvalid(),
    because('It hides them: that is what it is for.', 'hides no NaN and no infinity'),
  ],
  ['kgw watermark', () => samplers.kgwWatermark({ bias: 1 }), named()],
  [
    'kgw watermark, self-hash',
    () => samplers.kgwWatermark({ bias: 1, seedingScheme: 'self-hash', contextWidth: 2 }),
    named(),
  ],
  ['synth id', () => samplers.synthId({ keys: [5, 6, 7], samplingTable: { size: 1000 } }), named()],
];

/** They depend on where zero is. */
const notShiftInvariant = new Set(['encoder repetition penalty', 'exponential length decay', 'remove invalid']);
/** They add or measure amounts that do not grow with the logits. */
const notScaleInvariant = new Set([
  'frequency penalty',
  'frequency penalty below 0',
  'presence penalty',
  'additive penalty',
  'additive penalty, off',
  'dry',
  'token bias',
  'sequence bias',
  'remove invalid',
  'kgw watermark',
  'kgw watermark, self-hash',
  'synth id',
]);

test('every label of the lists above is a member', () => {
  const labels = members.map(([label]) => label);
  for (const label of [...notShiftInvariant, ...notScaleInvariant]) expect(labels).toContain(label);
});

describe.each(members)('%s', (label, make, options = {}) => {
  const cases = samplerCases(make, {
    shiftInvariant: !notShiftInvariant.has(label),
    scaleInvariant: !notScaleInvariant.has(label),
    ...options,
  });
  for (const { name, skip, run } of cases) test.skipIf(skip !== undefined)(name, run);
});
