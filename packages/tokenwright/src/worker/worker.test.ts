import { ChatTemplateError, plainDialogue } from '@tokenwright/chat';
import {
  ContextLengthError,
  DisposedError,
  EngineUnavailableError,
  LoadError,
  ParameterError,
  TokenwrightError,
  UnknownOptionError,
  UnsupportedError,
} from '@tokenwright/core';
import { choices, UnsupportedSchemaError } from '@tokenwright/grammar';
import { temperature, topK } from '@tokenwright/samplers';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type CallOptions, type LocalModel, languageModel, SchemaValidationError, type TextModel } from '../index.ts';
import { errorFromData, errorToData } from './error-data.ts';

const options = { threads: 1, chatTemplate: plainDialogue } as const;
const call = { temperature: 0.9, seed: 5, maxNewTokens: 16 } as const;

let lm: TextModel;
let local: LocalModel;
beforeAll(async () => {
  lm = await languageModel('story', { ...options, worker: true });
  local = await languageModel('story', options);
});
afterAll(() => Promise.all([lm.dispose(), local.dispose()]));

describe('a model in a worker', () => {
  it('is as one of this thread', async () => {
    expect(lm.info).toEqual(local.info);
    const { timing: _, ...result } = await lm.generate('The old man', call);
    const { timing: __, ...expected } = await local.generate('The old man', call);
    expect(result).toEqual(expected);
    let streamed = '';
    for await (const piece of lm.stream('The old man', call)) streamed += piece;
    expect(streamed).toBe(expected.text);
    expect(await lm.score('The old man')).toEqual(await local.score('The old man'));
    expect((await lm.generateBatch(['A', 'The'], call)).map(({ ids }) => ids)).toEqual(
      (await local.generateBatch(['A', 'The'], call)).map(({ ids }) => ids),
    );
    const messages = [{ role: 'user', content: 'Who is there?' }];
    expect((await lm.chat(messages, call)).message).toEqual((await local.chat(messages, call)).message);
    expect((await lm.memory()).bytes).toBe((await local.memory()).bytes);
  });

  it('takes samplers, as JSON, and ids', async () => {
    const samplers = [temperature({ temperature: 0.7 }), topK({ k: 5 })];
    const ids = local.tokenizer.encode('The old man');
    const settings = { samplers, seed: 1, maxNewTokens: 8 };
    expect((await lm.generate(ids, settings)).ids).toEqual((await local.generate(ids, settings)).ids);
  });

  it('gives objects, which are checked and transformed on this side', async () => {
    const schema = z.object({ name: z.string().max(8), age: z.enum(['7', '8']).transform(Number) });
    const { object, text } = await lm.generate('A person: ', { schema, seed: 1 });
    expectTypeOf(object).toEqualTypeOf<{ name: string; age: number } | undefined>();
    expect(object).toEqual((await local.generate('A person: ', { schema, seed: 1 })).object);
    expect(object!.age).toBe(Number(JSON.parse(text).age));
    const stream = lm.stream('A person: ', { schema, seed: 1 });
    let last: { readonly name?: string; readonly age?: string } | undefined;
    for await (const partial of stream.partialObjects) last = partial;
    expect(last).toEqual(JSON.parse(text));
    const refused = z.string().refine((said) => said === '', 'not silent');
    const results = await lm.generateBatch(['A', 'The'], { schema: refused.max(6), seed: 2 });
    for (const result of results) {
      expect(result.error).toBeInstanceOf(SchemaValidationError);
      expect('object' in result).toBe(false);
    }
    await expect(lm.chat([{ role: 'user', content: 'Hi' }], { schema: refused.max(6) })).rejects.toThrow(
      /^chat: the schema refuses the reply: not silent/,
    );
    const choice = await lm.generate('Yes or no? ', { choices: ['yes', 'no'] });
    expect(['yes', 'no']).toContain(choice.object);
    expect((await lm.generate('', { regex: /[ab]{2}/ })).text).toMatch(/^[ab]{2}$/);
  });

  it('refuses what grammars refuse, with their errors', async () => {
    const schema = { properties: { a: { format: 'regex' } } };
    const error: unknown = await lm.generate('', { schema }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ParameterError);
    expect((error as Error).cause).toBeInstanceOf(UnsupportedSchemaError);
    expect((error as Error).cause).toMatchObject({ pointer: '#/properties/a' });
    await expect(lm.generate('', { grammar: choices(['a']) })).rejects.toThrow(/`grammar`.*Give the grammar as a text/);
    await expect(lm.generate('', { schema: {}, regex: /a/ })).rejects.toThrow(/regex must be left out/);
  });

  it('computes a few pieces ahead of a slow reader, and no more', async () => {
    const stream = lm.stream('A', { ...call, maxNewTokens: 120 });
    let count = 0;
    for await (const _ of stream)
      if (++count === 3) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        break;
      }
    const { usage, finishReason } = await stream.result;
    expect(finishReason).toBe('abort');
    expect(usage.completionTokens).toBeLessThan(40);
  });

  it('runs calls at the same time', async () => {
    const prompts = ['The', 'A', 'Once'];
    const together = await Promise.all(prompts.map((prompt) => lm.generate(prompt, call)));
    for (const [at, prompt] of prompts.entries())
      expect(together[at]!.text).toBe((await local.generate(prompt, call)).text);
  });

  it('is stopped by a signal', async () => {
    const controller = new AbortController();
    const generation = lm.generate('A', { ...call, maxNewTokens: 150, signal: controller.signal });
    let count = 0;
    for await (const _ of generation) if (++count === 2) controller.abort();
    const { finishReason, usage } = await generation;
    expect(finishReason).toBe('abort');
    expect(usage.completionTokens).toBeLessThan(60);
    expect((await lm.generate('A', { signal: AbortSignal.abort() })).finishReason).toBe('abort');
  });

  it('passes warnings about a chain', async () => {
    const warnings: string[] = [];
    const samplers = [topK({ k: 5 }), topK({ k: 3 })];
    await lm.generate('A', { samplers, maxNewTokens: 1, onWarning: ({ rule }) => warnings.push(rule) });
    expect(warnings).toContain('repeated');
  });
});

describe('errors of a worker', () => {
  it.each<[string, () => unknown, abstract new (...args: never[]) => Error, object]>([
    ['a list of texts', () => lm.generate(['a', 'b'] as never), ParameterError, { parameter: 'prompt' }],
    ['an unknown option', () => lm.generate('a', { top_p: 1 } as CallOptions), UnknownOptionError, { nearest: 'topP' }],
    ['too long a prompt', () => lm.generate('a '.repeat(2000)), ContextLengthError, { contextLength: 512 }],
    [
      'a strategy object',
      () => lm.generate('a', { strategy: { name: 's', async *decode() {} } }),
      UnsupportedError,
      { message: expect.stringMatching(/`strategy`.*numBeams/) },
    ],
    [
      'a function',
      () => lm.generate('a', { stopWhen: () => true }),
      UnsupportedError,
      { message: expect.stringMatching(/`stopWhen`.*stopStrings/) },
    ],
    [
      'a sampler that is code',
      () => lm.generate('a', { samplers: [{ name: 'mine', onHost: () => {} }] }),
      UnsupportedError,
      { message: expect.stringMatching(/'mine'.*JSON/) },
    ],
    [
      'messages that the chat template leaves out',
      async () => {
        const chatTemplate = '{{ messages[1].content }}';
        await using other = await languageModel('story-amateur', { threads: 1, worker: true, chatTemplate });
        await other.chat([
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hello' },
        ]);
      },
      ChatTemplateError,
      { reason: 'role' },
    ],
    [
      'a chat template that fails',
      async () => {
        await using other = await languageModel('story-amateur', {
          threads: 1,
          worker: true,
          chatTemplate: '\n{{ a.b }}',
        });
        await other.chat([{ role: 'user', content: 'Hello' }]);
      },
      ChatTemplateError,
      { reason: 'failed', line: 2 },
    ],
    ['no model', () => languageModel('no/such', { worker: true, hub: { offline: true } }), LoadError, {}],
    [
      'an engine that does not start',
      () => languageModel('story', { worker: true, engine: 'tfjs-webgl' }),
      EngineUnavailableError,
      { tried: [expect.objectContaining({ engine: 'tfjs webgl' })] },
    ],
    [
      'an engine of this thread',
      () => languageModel('story', { worker: true, engine: local.engine }),
      UnsupportedError,
      {},
    ],
    [
      'a worker that is not there',
      () => languageModel('story', { worker: new URL('./absent.js', import.meta.url) }),
      LoadError,
      { message: expect.stringMatching(/the worker did not start/) },
    ],
    ['a worker that is none', () => languageModel('story', { worker: 5 as never }), ParameterError, {}],
  ])('%s', async (_, work, kind, fields) => {
    let error: unknown;
    try {
      await work();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(kind);
    expect(TokenwrightError.isInstance(error)).toBe(true);
    expect(error).toMatchObject(fields);
  });

  it('loading is stopped by a signal', async () => {
    const controller = new AbortController();
    const loading = languageModel('story', { ...options, worker: true, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(loading).rejects.toThrow('enough');
  });

  it('a call after dispose', async () => {
    const other = await languageModel('story-amateur', { threads: 1, worker: true });
    const stream = other.stream('A', { maxNewTokens: 150 });
    let count = 0;
    for await (const _ of stream) if (++count === 2) void other.dispose();
    expect((await stream.result).finishReason).toBe('abort');
    await other.dispose();
    await expect(other.generate('a')).rejects.toThrow(DisposedError);
  });

  it('are the same on both sides', () => {
    const cause = new TypeError('inner');
    const error = new EngineUnavailableError([{ engine: 'e', reason: 'r' }], { cause });
    const copy = errorFromData(structuredClone(errorToData(error)));
    expect(copy).toBeInstanceOf(EngineUnavailableError);
    expect(copy).toMatchObject({ message: error.message, name: error.name, tried: error.tried, stack: error.stack });
    expect(copy.cause).toMatchObject({ name: 'TypeError', message: 'inner' });
    expect(errorFromData(errorToData('text')).message).toBe('text');
    const odd = errorToData(new ParameterError('a', 'b', 'c', () => {}));
    expect(() => structuredClone(odd)).not.toThrow();
    expect(errorFromData(errorToData(new DOMException('x', 'AbortError'))).name).toBe('AbortError');
  });
});
