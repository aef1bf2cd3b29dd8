import { fusedWasm } from '@tokenwright/backends/wasm';
import {
  DisposedError,
  EngineUnavailableError,
  LoadError,
  ParameterError,
  UnknownOptionError,
} from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy, topP } from '@tokenwright/samplers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalModel, languageModel } from './index.ts';

/** What a new user might write in JavaScript, where no compiler looks. */
type Careless = (source?: unknown, options?: unknown) => Promise<LocalModel>;
const careless = languageModel as unknown as Careless;

let lm: LocalModel;
let wild: Record<'generate' | 'stream' | 'chat' | 'score' | 'generateBatch', (...args: unknown[]) => Promise<unknown>>;
beforeAll(async () => {
  lm = await languageModel('story', { threads: 1 });
  wild = lm as unknown as typeof wild;
});
afterAll(() => lm.dispose());

async function errorOf(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

type Row = [name: string, work: () => unknown, kind: abstract new (...args: never[]) => Error, message: RegExp];

describe('languageModel', () => {
  it.each<Row>([
    ['no source', () => careless(), ParameterError, /source must be a name such as 'story' or 'org\/name'/],
    ['an empty name', () => careless(''), ParameterError, /the name of a model/],
    ['a name with a slip', () => careless('stroy'), LoadError, /stroy/],
    ['a folder that is not there', () => careless('./no/such/model'), LoadError, /no such/],
    ['a promise', () => careless(Promise.resolve('story')), ParameterError, /this is a promise: await it/],
    [
      'loaded',
      async () => {
        const engine = await fusedWasm({ threads: 1 }).start();
        try {
          await careless(await load(demoModel('story-amateur'), { engine }));
        } finally {
          await engine.dispose();
        }
      },
      ParameterError,
      /this is what load gave; give languageModel the source that load had/,
    ],
    ['a model', () => careless(lm.model), ParameterError, /this is a model: generateText/],
    ['itself', () => careless(lm), ParameterError, /this is what languageModel gave/],
    ['an engine', () => careless(lm.engine), ParameterError, /languageModel\(source, \{ engine \}\)/],
    ['a list of names', () => careless(['story']), ParameterError, /a list must be of File objects/],
    ['an unknown option', () => careless('story', { device: 'webgpu' }), UnknownOptionError, /engine/],
    ['options of a call', () => careless('story', { temperature: 1 }), UnknownOptionError, /'temperature'/],
    ['options that are none', () => careless('story', 'wasm'), ParameterError, /options must be an object/],
    [
      'an engine that is not awaited',
      () => careless('story', { engine: fusedWasm().start() }),
      ParameterError,
      /this is a promise: await it/,
    ],
    [
      'an engine that is not called',
      () => careless('story', { engine: fusedWasm }),
      ParameterError,
      /call it, as in fusedWasm\(\)/,
    ],
    ['a model as engine', () => careless('story', { engine: lm.model }), ParameterError, /this is a model/],
    ['an engine that does not exist', () => careless('story', { engine: 'wasm' }), ParameterError, /fused-wasm/],
    [
      'weights that do not exist',
      () => careless('story', { weights: 'q4' }),
      ParameterError,
      /weights must be one of auto, f32/,
    ],
    ['a signal that is none', () => careless('story', { signal: true }), ParameterError, /an AbortSignal/],
    ['a folder without a model', () => careless(import.meta.dirname), LoadError, /there is no config\.json/],
    ['a file that is not a model', () => careless(import.meta.filename), LoadError, /GGUF/],
  ])('%s', async (_, work, kind, message) => {
    const error = await errorOf(work);
    expect(error.message).toMatch(message);
    expect(error).toBeInstanceOf(kind);
  });

  it('a model that is not awaited says so', async () => {
    const promise = languageModel('story', { threads: 1 });
    expect(() => (promise as unknown as LocalModel).generate('A')).toThrow(/write: const lm = await languageModel/);
    await (await promise).dispose();
  });

  it('an engine whose packages are missing says what to install', async () => {
    const error = await errorOf(() =>
      languageModel('story', {
        engine: {
          name: 'absent',
          start: () => Promise.reject(new Error('the package p does not load (npm install p): not found')),
        },
      }),
    );
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect(error.message).toMatch(/npm install p/);
  });
});

describe('calls', () => {
  it.each<Row>([
    ['no prompt', () => wild.generate(), ParameterError, /prompt must be one text/],
    ['a list of texts', () => wild.generate(['a', 'b']), ParameterError, /lm\.generateBatch takes several/],
    ['messages', () => wild.generate([{ role: 'user', content: 'x' }]), ParameterError, /lm\.chat takes messages/],
    ['a promise', () => wild.generate(Promise.resolve('x')), ParameterError, /this is a promise/],
    ['an id beyond the vocabulary', () => wild.generate([1e6]), ParameterError, /1000000/],
    ['one text for a batch', () => wild.generateBatch('a'), ParameterError, /lm\.generate takes a single one/],
    [
      'ids of one text for a batch',
      () => wild.generateBatch([1, 2]),
      ParameterError,
      /lm\.generate takes a single one/,
    ],
    ['a text for a chat', () => wild.chat('Hello'), ParameterError, /a list of messages/],
    ['a chat without a template', () => wild.chat([{ role: 'user', content: 'x' }]), Error, /no chat template/],
    ['a list of texts to score', () => wild.score(['a']), ParameterError, /text must be one text/],
    ['top_p', () => wild.generate('a', { top_p: 0.9 }), UnknownOptionError, /Did you mean 'topP'/],
    ['maxTokens', () => wild.generate('a', { maxTokens: 9 }), UnknownOptionError, /Did you mean 'maxNewTokens'/],
    [
      'a name as sampler',
      () => wild.generate('a', { samplers: ['topK'] }),
      ParameterError,
      /topK is an option of the call/,
    ],
    ['top_p as sampler', () => wild.generate('a', { samplers: [{ top_p: 1 }] }), ParameterError, /topP is an option/],
    ['options as samplers', () => wild.generate('a', { samplers: { topK: 4 } }), ParameterError, /topK is an option/],
    ['a sampler that is not called', () => wild.generate('a', { samplers: [greedy] }), ParameterError, /greedy\(/],
    [
      'a sampler without a list',
      () => wild.generate('a', { samplers: topP({ p: 0.9 }) }),
      ParameterError,
      /a list of samplers/,
    ],
    ['several sequences', () => wild.generate('a', { numReturnSequences: 2 }), ParameterError, /lm\.generateBatch/],
    ['several seeds', () => wild.generate('a', { seed: [1, 2] }), ParameterError, /seed must be one integer/],
    ['a text as options', () => wild.generate('a', 'b'), ParameterError, /options must be an object/],
    [
      'a text with a temperature',
      () => wild.generate('a', { temperature: '0.8' }),
      ParameterError,
      /temperature must be/,
    ],
  ])('%s', async (_, work, kind, message) => {
    const error = await errorOf(work);
    expect(error.message).toMatch(message);
    expect(error).toBeInstanceOf(kind);
  });

  it('a second iteration of a finished stream', async () => {
    const stream = lm.stream('A', { maxNewTokens: 2 });
    for await (const _ of stream);
    const error = await errorOf(async () => {
      for await (const _ of stream);
    });
    expect(error).toBeInstanceOf(DisposedError);
    expect(error.message).toMatch(/read already/);
  });

  it('a failed call leaves the model usable', async () => {
    const before = await lm.memory();
    await errorOf(() => wild.generate('a', { topP: 5 }));
    const fail = (): never => {
      throw new Error('mine');
    };
    await expect(lm.generate('a', { samplers: [{ name: 'bad', onHost: fail }] })).rejects.toThrow('mine');
    await expect(lm.generate('a', { stopWhen: fail })).rejects.toThrow('mine');
    expect(await lm.memory()).toEqual(before);
    expect((await lm.generate('A', { maxNewTokens: 3, seed: 1 })).ids.length).toBe(3);
  });

  it('a call after dispose', async () => {
    const other = await languageModel('story-amateur', { threads: 1 });
    await other.dispose();
    expect(await errorOf(() => other.generate('a'))).toBeInstanceOf(DisposedError);
    expect(await errorOf(() => other.score('a b'))).toBeInstanceOf(DisposedError);
    await other.dispose();
  });
});
