import {
  checkChain,
  compareChains,
  continuation,
  DecodingState,
  defineSampler,
  generate,
  generateBatch,
  generateText,
  History,
  hostModel,
  type LanguageModel,
  type Sampler,
  type Strategy,
  sampleLogits,
  score,
  TextStream,
  type Tokenizer,
} from '@tokenwright/core';
import { generateOptions } from '@tokenwright/core/strategy';
import { toyModel } from '@tokenwright/core/testing';
import { options, type Parameter, parametersFor, type Target, types } from './target.ts';

export const toy = toyModel({ vocabSize: 8, contextLength: 32 });

/** One character per id. */
export const letters: Tokenizer = {
  vocabSize: 8,
  encode: (text) => Array.from(text, (character) => character.charCodeAt(0) & 7),
  decode: (ids) => Array.from(ids, (id) => String.fromCharCode(97 + id)).join(''),
};

const quiet = { maxNewTokens: 2, seed: 1, onWarning: () => {} } as const;

/** Decode a little with a sampler. */
export function decodeWith(sampler: Sampler): unknown {
  return generate(toy, [1, 2], { ...quiet, samplers: [sampler] });
}

/** Decode a little with a strategy. */
export function decodeBy(strategy: Strategy): unknown {
  return generate(toy, [1, 2], { ...quiet, samplers: [], strategy });
}

const model: Parameter = { name: 'model', type: types.record, valid: toy };
const prompt: Parameter = { name: 'prompt', type: types.ids, valid: [1, 2] };
const loose = (name: string, type: Parameter['type'] = types.any, valid?: unknown): Parameter => ({
  name,
  type,
  valid,
});

/** Options of `generate` that a call may have with a plain prompt; the others decide how much is computed. */
export const callOptions = parametersFor(generateOptions, { maxNewTokens: 2 });

/** Options of core's `score`, which the front door has too. */
export const scoreOptions: readonly Parameter[] = [
  loose('promptLength', types.integer),
  loose('samplers', types.list),
  loose('seed', types.integer),
  loose('top', types.integer),
  loose('chunk', types.integer),
  loose('signal', types.signal),
];

export const coreTargets: readonly Target[] = [
  {
    name: 'generate',
    parameters: [model, prompt, options],
    options: callOptions,
    call: (...given) => (generate as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'generateBatch',
    parameters: [model, { name: 'prompts', type: types.list, valid: [[1, 2]] }, options],
    options: callOptions,
    call: (...given) => (generateBatch as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'generateText',
    parameters: [
      model,
      { name: 'tokenizer', type: types.record, valid: letters },
      { name: 'prompt', type: types.text, valid: 'ab' },
      options,
    ],
    options: callOptions.filter(({ name }) => name !== 'tokenizer'),
    call: (...given) => (generateText as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'score',
    parameters: [model, { name: 'ids', type: types.ids, valid: [1, 2, 3] }, options],
    options: scoreOptions,
    call: (...given) => (score as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'compareChains',
    parameters: [model, prompt, { name: 'chains', type: types.list, valid: [[], []] }, options],
    options: callOptions.filter(
      ({ name }) => !['samplers', 'explain', 'cache', 'numReturnSequences', 'preset'].includes(name),
    ),
    call: (...given) => (compareChains as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'sampleLogits',
    parameters: [
      { name: 'logits', type: types.any, valid: [1, 2, 3, 4, 5, 6, 7, 8], alsoNamed: ["After 'model'"] },
      { name: 'samplers', type: types.list },
      options,
    ],
    options: [
      loose('history', types.ids),
      loose('seed', types.integer),
      loose('position', types.integer),
      loose('sequence', types.integer),
      loose('promptLength', types.integer),
      loose('eosTokenIds', types.ids),
      loose('maxLength', types.integer),
      loose('source', types.ids),
      loose('state', types.record),
      loose('probabilities', types.flag),
    ],
    call: (...given) => (sampleLogits as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'hostModel',
    parameters: [options],
    options: [
      loose('name', types.text),
      loose('contextLength', types.integer, 32),
      loose('eosTokenIds', types.ids),
      loose('defaults', types.record),
      loose('fingerprint', types.text),
      { ...loose('vocabSize', types.integer, 8), alsoNamed: ["the result of 'logits'"] },
      loose('logits', types.callback, () => new Float32Array(8)),
    ],
    call: (given) => generate(hostModel(given as never) as LanguageModel, [0], { ...quiet, maxNewTokens: 1 }),
  },
  {
    name: 'hostModel: defaults',
    parameters: [{ ...options, alsoNamed: ['defaults'] }],
    options: [
      loose('eosTokenIds', types.ids),
      loose('maxNewTokens', types.integer),
      loose('maxLength', types.integer),
      loose('minLength', types.integer),
      loose('minNewTokens', types.integer),
      loose('decoderStartTokenIds', types.ids),
      loose('forcedBosTokenId', (value) => value === null || types.integer(value)),
      loose('forcedEosTokenId', (value) => value === null || types.integer(value)),
      loose('samplers', types.list),
    ],
    call(given) {
      const defaults = given as never;
      const made = hostModel({ vocabSize: 8, contextLength: 32, logits: () => new Float32Array(8), defaults });
      return generate(made, [1], { seed: 1, maxNewTokens: 1, onWarning: () => {} });
    },
  },
  {
    name: 'DecodingState.open',
    parameters: [model, prompt, options],
    options: [loose('seed', types.integer), loose('sequence', types.integer), loose('tokenizer', types.record)],
    call(...given) {
      (DecodingState.open as unknown as (...all: unknown[]) => DecodingState)(...given).cache.dispose();
    },
  },
  {
    name: 'checkChain',
    parameters: [{ name: 'samplers', type: types.list, valid: [] }],
    call: (...given) => (checkChain as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'History.of',
    // Any 32-bit integer, so that a caller may use a negative one for a token that is absent.
    parameters: [{ name: 'tokens', type: (value) => types.list(value) || ArrayBuffer.isView(value), valid: [1] }],
    call: (...given) => (History.of as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'continuation',
    parameters: [
      { name: 'tokenizer', type: types.record, valid: letters },
      { name: 'before', type: types.ids, valid: [1] },
      { name: 'ids', type: types.ids, valid: [1] },
    ],
    call: (...given) => (continuation as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'TextStream',
    parameters: [{ name: 'tokenizer', type: types.record, valid: letters }],
    call: (given) => new TextStream(given as never),
  },
  {
    name: 'defineSampler',
    parameters: [{ name: 'definition', type: types.record, valid: { name: 'x', options: {}, create: () => ({}) } }],
    call: (given) => defineSampler(given as never),
  },
];
