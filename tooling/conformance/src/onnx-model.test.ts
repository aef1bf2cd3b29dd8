import { generate, hostModel, type LanguageModel, ParameterError, UnsupportedError } from '@tokenwright/core';
import { onnxModel } from '@tokenwright/core/adapters';
import { generationCases, modelCases } from '@tokenwright/core/testing';
import { beamSearch, speculative } from '@tokenwright/strategies';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { decoder, decoderFile, decoderLogits } from './onnx/decoder.ts';

const { vocabSize, contextLength } = decoder;
// The model is too small for a second thread.
ort.env.wasm.numThreads = 1;

const plain = hostModel({ vocabSize, contextLength, logits: (ids) => decoderLogits(ids) });
const prompts = [[1, 2, 3], [4, 0, 2, 1, 5], [7]];

describe.each([
  ['without a past', false, true],
  ['with a past', true, true],
  ['with a past that is not used', true, false],
])('an ONNX decoder %s', (_, past, cache) => {
  let session: ort.InferenceSession;
  let model: LanguageModel;
  /** Number of tokens that each run was fed. */
  let fed: number[] = [];
  beforeAll(async () => {
    session = await ort.InferenceSession.create(decoderFile(past));
    const watched = Object.create(session) as ort.InferenceSession;
    watched.run = (feeds: ort.InferenceSession.FeedsType) => {
      fed.push(feeds.input_ids!.dims[1]!);
      return session.run(feeds);
    };
    model = onnxModel(watched, { Tensor: ort.Tensor, contextLength, cache });
  });
  afterAll(() => session.release());

  it('reads its vocabulary size from the session', () => {
    expect(model).toMatchObject({ name: 'onnx-model', vocabSize, contextLength });
  });

  it('gives the logits that the same arithmetic gives in plain TypeScript', async () => {
    const ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];
    const result = model.forward([ids], model.createCache(), { scored: 4 });
    const logits = await result.logits.read();
    const expected = [8, 9, 10, 11].flatMap((length) => decoderLogits(ids.slice(0, length)));
    for (const [i, value] of expected.entries()) expect(logits[i]).toBeCloseTo(value, 4);
  });

  it('feeds only new tokens when it has a past', async () => {
    fed = [];
    await generate(model, [1, 2, 3, 4], { samplers: [], maxNewTokens: 4, seed: 7 });
    expect(fed).toEqual(past && cache ? [4, 1, 1, 1] : [4, 5, 6, 7]);
  });

  it('keeps the part of its past that is still valid after a rewind', async () => {
    const kv = model.createCache();
    await model.forward([[1, 2, 3, 4, 5, 6]], kv).logits.read();
    const fork = kv.fork();
    kv.truncate([4]);
    fed = [];
    const [a, b] = [model.forward([[7]], kv), model.forward([[7]], fork)];
    const [short, long] = [await a.logits.read(), await b.logits.read()];
    for (const [i, value] of decoderLogits([1, 2, 3, 4, 7]).entries()) expect(short[i]).toBeCloseTo(value, 4);
    for (const [i, value] of decoderLogits([1, 2, 3, 4, 5, 6, 7]).entries()) expect(long[i]).toBeCloseTo(value, 4);
    expect(fed).toEqual(past && cache ? [1, 1] : [5, 7]);
  });

  it('gives the tokens of the plain model with every strategy', async () => {
    for (const strategy of [undefined, beamSearch({ numBeams: 3 })]) {
      const options = {
        samplers: [],
        maxNewTokens: 12,
        seed: 7,
        eosTokenIds: [],
        ...(strategy === undefined ? {} : { strategy }),
      };
      const [expected, received] = await Promise.all(
        [plain, model].map(async (of) => (await generate(of, prompts, options)).ids),
      );
      expect(received).toEqual(expected);
    }
    const options = {
      strategy: speculative({ draft: plain }),
      samplers: [],
      maxNewTokens: 12,
      seed: 7,
      eosTokenIds: [],
    };
    const speculated = await generate(model, prompts, options);
    expect(speculated.ids.map(({ length }) => length)).toEqual([12, 12, 12]);
  });
});

describe.each([
  ['without a past', false],
  ['with a past', true],
])('an ONNX decoder %s keeps the contract of a language model', async (_, past) => {
  const session = await ort.InferenceSession.create(decoderFile(past));
  afterAll(() => session.release());
  const model = onnxModel(session, { Tensor: ort.Tensor, contextLength });
  for (const { name, run } of [...modelCases(model), ...generationCases(model, { longRun: 100 })])
    test(name, run, 60_000);
});

describe('onnxModel refuses', () => {
  const value = (name: string, type: string, shape: readonly (number | string)[]) => ({
    name,
    isTensor: true,
    type,
    shape,
  });
  const ids = value('input_ids', 'int64', ['batch', 'tokens']);
  const logits = value('logits', 'float32', ['batch', 'tokens', 11]);
  const session = (inputs: readonly { name: string }[], outputs: readonly { name: string }[] = [logits]) => ({
    inputNames: inputs.map(({ name }) => name),
    outputNames: outputs.map(({ name }) => name),
    inputMetadata: inputs,
    outputMetadata: outputs,
    run: () => Promise.reject(new Error('never run')),
  });
  const past = value('past_key_values.0.key', 'float32', ['batch', 2, 'past', 3]);

  it.each<[string, object, object, abstract new (...args: never[]) => Error]>([
    ['a model without ids', session([]), {}, ParameterError],
    ['a model without logits', session([ids], []), {}, ParameterError],
    ['an encoder', session([ids, value('encoder_hidden_states', 'float32', [])]), {}, UnsupportedError],
    ['a past without a present', session([ids, past]), {}, ParameterError],
    [
      'a past of unknown size',
      session([ids, value(past.name, 'float32', ['b', 'heads', 'past', 3])], [logits, { name: 'present.0.key' }]),
      {},
      ParameterError,
    ],
    [
      'a past of another type',
      session([ids, value(past.name, 'int8', ['b', 2, 'past', 3])], [logits, { name: 'present.0.key' }]),
      {},
      UnsupportedError,
    ],
    ['a fixed number of tokens', session([value('input_ids', 'int64', [1, 128])]), {}, ParameterError],
    ['an unknown vocabulary size', session([ids], [value('logits', 'float32', ['b', 't', 'v'])]), {}, ParameterError],
    ['a session that does not describe itself', { ...session([ids]), inputMetadata: undefined }, {}, ParameterError],
    ['a missing Tensor', session([ids]), { Tensor: undefined }, ParameterError],
    ['a cache that is not a boolean', session([ids]), { cache: 'static' }, ParameterError],
  ])('%s', (_, given, more, type) => {
    expect(() => onnxModel(given as never, { Tensor: ort.Tensor, contextLength, ...more } as never)).toThrow(type);
  });
});
