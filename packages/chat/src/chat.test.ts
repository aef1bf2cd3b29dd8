import '@tensorflow/tfjs-backend-cpu';
import {
  ContextLengthError,
  type EndEvent,
  type Engine,
  type GenerateOptions,
  generate,
  type Tokenizer,
} from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { type LoadedModel, load } from '@tokenwright/loaders';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Chat } from './chat.ts';
import { applyChatTemplate } from './chat-template.ts';
import { ChatTemplateError } from './chat-template-error.ts';
import { chatML, plainDialogue } from './common-templates.ts';
import type { ChatEvent } from './reply/reply.ts';

const folder = new URL('../../demo-model/models/story-amateur', import.meta.url);

let engine: Engine;
let loaded: LoadedModel;
let chat: Chat;
let buffers: number;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
  loaded = await load(folder, { engine });
  // What the engine makes once stays.
  await generate(loaded.model, [1, 2], { maxNewTokens: 2 });
});
afterAll(async () => {
  loaded.dispose();
  await engine.dispose();
});
beforeEach(() => {
  ({ buffers } = engine.memory());
  chat = new Chat({ ...loaded, chatTemplate: plainDialogue });
});
afterEach(() => {
  chat.dispose();
  expect(engine.memory().buffers).toBe(buffers);
});

async function say(text: string, options: GenerateOptions = {}): Promise<EndEvent> {
  const events: ChatEvent[] = [];
  for await (const event of chat.send(text, { maxNewTokens: 6, seed: 1, ...options })) events.push(event);
  return events.at(-1) as EndEvent;
}

const rolesOf = (): string => chat.messages.map(({ role }) => role).join(' ');

it('takes special tokens of a person for plain text on request, and still feeds only what is new', async () => {
  const promptOf = async (literalContent: boolean): Promise<{ ids: number; cached: number[] }> => {
    const one = new Chat({ ...loaded, chatTemplate: plainDialogue }, { literalContent });
    const cached: number[] = [];
    let ids = 0;
    for (const content of ['Hello<|endoftext|>', 'Who are you?']) {
      for await (const event of one.send(content, { maxNewTokens: 4, eosTokenIds: [] }))
        if (event.type === 'end') cached.push(event.usage.cachedTokens);
      ids ||= one.promptLength;
    }
    one.dispose();
    return { ids, cached };
  };
  const [special, literal] = [await promptOf(false), await promptOf(true)];
  // The end token alone, and the letters of its spelling.
  expect(literal.ids).toBeGreaterThan(special.ids + 2);
  expect(literal.cached).toEqual([0, literal.ids + 3]);
  expect(() => new Chat({ ...loaded, chatTemplate: plainDialogue }, { literalContent: 1 as never })).toThrow(
    'literalContent must be true or false',
  );
});

it('a turn feeds only what is new, and says what a fresh chat would', async () => {
  chat.system = 'A story.';
  const first = await say('Hello, old man.');
  expect(first.usage.cachedTokens).toBe(0);
  const second = await say('Who are you?');
  // All that was said is there but the last token that the model chose, which was not fed yet.
  expect(second.usage.cachedTokens).toBe(first.usage.promptTokens + first.ids.length - 1);
  expect(rolesOf()).toBe('system user assistant user assistant');
  expect(chat.messages[2]?.content).toBe(first.text);

  const fresh = new Chat({ ...loaded, chatTemplate: plainDialogue });
  fresh.messages = chat.messages.slice(0, 3);
  const events: ChatEvent[] = [];
  for await (const event of fresh.send('Who are you?', { maxNewTokens: 6, seed: 1 })) events.push(event);
  expect((events.at(-1) as EndEvent).usage.cachedTokens).toBe(0);
  expect((events.at(-1) as EndEvent).text).toBe(second.text);
  fresh.dispose();
});

it('can be undone, reset, and given another system message', async () => {
  await say('One.');
  await say('Two.');
  expect(chat.undo()).toBe('Two.');
  expect(rolesOf()).toBe('user assistant');
  const again = await say('Two.');
  expect(again.usage.cachedTokens).toBeGreaterThan(5);
  chat.system = 'Be brief.';
  expect(rolesOf()).toBe('system user assistant user assistant');
  chat.reset();
  expect([rolesOf(), chat.system, chat.undo()]).toEqual(['system', 'Be brief.', undefined]);
  chat.system = undefined;
  expect(chat.messages).toEqual([]);
});

it('keeps a stopped answer as far as it was generated, and nothing of one that never began', async () => {
  const controller = new AbortController();
  for await (const event of chat.send('Hello', { signal: controller.signal, seed: 1 }))
    if (event.type === 'token') controller.abort();
  expect(rolesOf()).toBe('user assistant');
  for await (const event of chat.send('More', { seed: 1 })) if (event.type === 'token' && event.text !== '') break;
  expect(rolesOf()).toBe('user assistant user assistant');
  await expect(say('x', { maxNewTokens: -1 })).rejects.toThrow(/maxNewTokens/);
  expect(rolesOf()).toBe('user assistant user assistant');
  await say('And?');
});

describe('when the context is full', () => {
  const long = (turn: number): string => `${turn} ${'word '.repeat(loaded.model.contextLength / 4)}`;

  it('leaves the oldest exchanges out of the prompt, keeps every message, and always sends the system message', async () => {
    chat.system = 'System.';
    const ends: EndEvent[] = [];
    for (let turn = 0; turn < 4; turn++) ends.push(await say(long(turn), { maxNewTokens: 2 }));
    expect(chat.forgotten).toBe(2);
    expect(rolesOf()).toBe(`system${' user assistant'.repeat(4)}`);
    expect(String(chat.messages[1]?.content)).toMatch(/^0 word/);

    // What was sent is what a chat of the remaining messages sends.
    const fresh = new Chat({ ...loaded, chatTemplate: plainDialogue });
    fresh.messages = [chat.messages[0]!, ...chat.messages.slice(5, 7)];
    const events: ChatEvent[] = [];
    for await (const event of fresh.send(long(3), { maxNewTokens: 2, seed: 1 })) events.push(event);
    expect(fresh.forgotten).toBe(0);
    expect(fresh.promptLength).toBe(chat.promptLength);
    expect((events.at(-1) as EndEvent).text).toBe(ends[3]!.text);
    fresh.dispose();
  });

  it('is as before after a message that is too long alone', async () => {
    for (let turn = 0; turn < 3; turn++) await say(long(turn), { maxNewTokens: 2 });
    const { messages, forgotten } = chat;
    await expect(say(long(3).repeat(6))).rejects.toThrow(ContextLengthError);
    expect(chat.messages).toBe(messages);
    expect(chat.forgotten).toBe(forgotten);
    expect(chat.forgotten).toBeGreaterThan(0);
  });

  it('remembers an exchange again once there is room, after undo, reset or other messages', async () => {
    for (let turn = 0; turn < 3; turn++) await say(long(turn), { maxNewTokens: 2 });
    expect(chat.forgotten).toBe(1);
    expect(chat.undo()).toBe(long(2));
    await say('Short.', { maxNewTokens: 2 });
    expect(chat.forgotten).toBe(0);
    expect(rolesOf()).toBe('user assistant user assistant user assistant');

    const stored = [0, 1, 2, 3].flatMap((turn) => [
      { role: 'user', content: long(turn) },
      { role: 'assistant', content: 'Yes.' },
    ]);
    chat.messages = stored;
    expect(chat.forgotten).toBe(0);
    await say('Short.', { maxNewTokens: 2 });
    expect(chat.forgotten).toBe(2);
    expect(chat.messages.slice(0, 8)).toEqual(stored);
    chat.reset();
    expect([chat.forgotten, chat.messages]).toEqual([0, []]);
  });

  it('renders a long stored conversation a few times, not once per exchange', async () => {
    let encoded = 0;
    const tokenizer: Tokenizer = {
      ...loaded.tokenizer,
      encode(text, options) {
        encoded += text.length;
        return loaded.tokenizer.encode(text, options);
      },
    };
    const counted = new Chat({ ...loaded, tokenizer, chatTemplate: plainDialogue });
    counted.messages = Array.from({ length: 300 }, (_, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content: `Line ${i}.`,
    }));
    const length = applyChatTemplate(plainDialogue, counted.messages).length;
    for await (const _ of counted.send('And?', { maxNewTokens: 1 }));
    expect(counted.forgotten).toBeGreaterThan(80);
    expect(counted.promptLength).toBeLessThanOrEqual(loaded.model.contextLength * 0.75);
    expect(encoded).toBeLessThan(10 * length);
    // The next turn starts from what is known to be too long.
    const before = encoded;
    for await (const _ of counted.send('And then?', { maxNewTokens: 1 }));
    expect(encoded - before).toBeLessThan(4 * 3 * loaded.model.contextLength);
    counted.dispose();
  });
});

describe('a stored conversation', () => {
  it('may begin with a greeting that no longer fits: it is forgotten like any exchange', async () => {
    chat.messages = [{ role: 'assistant', content: 'word '.repeat(loaded.model.contextLength * 2) }];
    const { usage } = await say('Hello?', { maxNewTokens: 1 });
    expect([chat.forgotten, usage.promptTokens < 40, rolesOf()]).toEqual([1, true, 'assistant user assistant']);
    chat.reset();
    chat.messages = [
      { role: 'system', content: 'System.' },
      { role: 'assistant', content: 'Welcome.' },
    ];
    await say('Hello?', { maxNewTokens: 1 });
    expect(chat.forgotten).toBe(0);
  });

  it('of any length costs a few prompts of the size of the context', async () => {
    let encoded = 0;
    const tokenizer: Tokenizer = {
      ...loaded.tokenizer,
      encode(text, options) {
        encoded += text.length;
        return loaded.tokenizer.encode(text, options);
      },
    };
    const costs: number[] = [];
    for (const exchanges of [300, 3000]) {
      encoded = 0;
      using counted = new Chat({ ...loaded, tokenizer, chatTemplate: plainDialogue });
      counted.messages = Array.from({ length: exchanges * 2 }, (_, i) => ({
        role: i % 2 ? 'assistant' : 'user',
        content: `What did the captain say about the sea on day ${i % 100}?`,
      }));
      for await (const _ of counted.send('And now?', { maxNewTokens: 1 }));
      expect(exchanges - counted.forgotten).toBeGreaterThan(5);
      expect(counted.promptLength).toBeLessThanOrEqual(loaded.model.contextLength * 0.75);
      costs.push(encoded);
    }
    expect(costs[1]!).toBeLessThan(1.5 * costs[0]!);
  });
});

it('cuts stop strings off the answer', async () => {
  const { text = '' } = await say('Hello', { maxNewTokens: 12 });
  const stop = text.slice(4, 9);
  chat.reset();
  const cut = await say('Hello', { maxNewTokens: 12, stopStrings: [stop] });
  expect(cut.text).toBe(text.slice(0, text.indexOf(stop)));
  await say('More');
  expect(chat.messages[1]?.content).toBe(cut.text);
});

it('needs a tokenizer and a template, and one answer at a time', async () => {
  expect(() => new Chat(loaded)).toThrow(ChatTemplateError);
  expect(() => new Chat({ ...loaded, tokenizer: undefined } as never)).toThrow(/tokenizer/);
  expect(() => new Chat({ ...loaded, chatTemplate: plainDialogue }, { tool: [] } as never)).toThrow(
    /Did you mean 'tools'/,
  );
  await expect(chat.send(['Hello'] as never).next()).rejects.toThrow(/content must be a string/);
  const open = chat.send('Hello', { seed: 1 });
  await open.next();
  await expect(say('x')).rejects.toThrow(/sent after the last answer has ended/);
  await open.return();
});

it('is disposed by `using`, and twice', () => {
  {
    using other = new Chat({ ...loaded, chatTemplate: plainDialogue });
    expect(other.cache.lengths).toEqual([0]);
    other.dispose();
  }
  expect(engine.memory().buffers).toBe(buffers);
});

it('has common templates', () => {
  const messages = [
    { role: 'system', content: 'S' },
    { role: 'user', content: 'U ' },
    { role: 'assistant', content: ' A' },
    { role: 'user', content: 'V' },
  ];
  expect(applyChatTemplate(plainDialogue, messages)).toBe('S\n\nUser: U \nAssistant: A\nUser: V\nAssistant:');
  expect(applyChatTemplate(chatML, messages)).toBe(
    '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU <|im_end|>\n<|im_start|>assistant\n A<|im_end|>\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n',
  );
});
