import '@tensorflow/tfjs-backend-cpu';
import {
  ContextLengthError,
  type EndEvent,
  type Engine,
  type GenerateOptions,
  generate,
  type StreamEvent,
} from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { type LoadedModel, load } from '@tokenwright/loaders';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Chat } from './chat.ts';
import { applyChatTemplate } from './chat-template.ts';
import { ChatTemplateError } from './chat-template-error.ts';
import { chatML, plainDialogue } from './common-templates.ts';

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
  const events: StreamEvent[] = [];
  for await (const event of chat.send(text, { maxNewTokens: 6, seed: 1, ...options })) events.push(event);
  return events.at(-1) as EndEvent;
}

const rolesOf = (): string => chat.messages.map(({ role }) => role).join(' ');

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
  const events: StreamEvent[] = [];
  for await (const event of fresh.send('Who are you?', { maxNewTokens: 6, seed: 1 })) events.push(event);
  expect((events.at(-1) as EndEvent).usage.cachedTokens).toBe(0);
  expect((events.at(-1) as EndEvent).text).toBe(second.text);
  fresh.dispose();
});

it('can be taken back, begun anew, and given another system message', async () => {
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

it('keeps an answer that is stopped as far as it came, and none that never began', async () => {
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

it('forgets the oldest exchanges when the context is full, but not the system message', async () => {
  chat.system = 'System.';
  const long = 'word '.repeat(loaded.model.contextLength / 4);
  for (let turn = 0; turn < 4; turn++) await say(`${turn} ${long}`, { maxNewTokens: 2 });
  expect(chat.forgotten).toBe(2);
  expect(chat.messages[0]?.content).toBe('System.');
  expect(String(chat.messages[1]?.content)).toMatch(/^2 word/);
  await expect(say(long.repeat(6))).rejects.toThrow(ContextLengthError);
  expect(rolesOf()).toBe('system user assistant user assistant');
});

it('stop texts are no part of the answer', async () => {
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
  expect(() => new Chat({ ...loaded, tokenizer: undefined })).toThrow(/tokenizer/);
  const open = chat.send('Hello', { seed: 1 });
  await open.next();
  await expect(say('x')).rejects.toThrow(/after the last answer has ended/);
  await open.return();
});

it('common templates', () => {
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
