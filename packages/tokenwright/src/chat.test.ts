import { plainDialogue } from '@tokenwright/chat';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChatMessage, type LocalModel, languageModel } from './index.ts';

const call = { temperature: 0, maxNewTokens: 10, stopStrings: ['\nUser:'] } as const;
const user = (content: string): ChatMessage => ({ role: 'user', content });

let lm: LocalModel;
let fresh: LocalModel;
beforeAll(async () => {
  lm = await languageModel('story', { threads: 1, chatTemplate: plainDialogue });
  fresh = await languageModel('story', { threads: 1, chatTemplate: plainDialogue });
});
afterAll(() => Promise.all([lm.dispose(), fresh.dispose()]));

it('answers, as a promise and piece by piece', async () => {
  const { text, message, usage } = await lm.chat([user('Who are you?')], call);
  expect(message).toEqual({ role: 'assistant', content: text });
  expect(usage.completionTokens).toBe(10);
  let streamed = '';
  for await (const piece of lm.chat([user('Who are you?')], call)) streamed += piece;
  expect(streamed).toBe(text);
});

it('computes only what is new when messages extend the last call', async () => {
  const messages = [user('Tell me of the sea.')];
  const first = await lm.chat(messages, call);
  messages.push(first.message, user('And of the land?'));
  const second = await lm.chat(messages, call);
  const known = first.usage.promptTokens + first.usage.completionTokens;
  expect(second.usage.cachedTokens).toBeGreaterThanOrEqual(known - 1);
  expect(second.usage.promptTokens - second.usage.cachedTokens).toBeLessThan(20);
  expect(second.text).toBe((await fresh.chat(messages, call)).text);
});

it('takes special tokens of a person for plain text on request', async () => {
  const prompt = async (literalContent: boolean) =>
    (await lm.chat([user('Hello<|endoftext|>')], { ...call, literalContent })).usage.promptTokens;
  expect(await prompt(true)).toBeGreaterThan((await prompt(false)) + 2);
  await expect(lm.chat([user('x')], { literalContent: 'yes' as never })).rejects.toThrow(
    'literalContent must be true or false',
  );
});

it('remembers nothing that is not in the messages', async () => {
  await lm.chat([user('My name is Ada.')], call);
  const messages = [user('What is my name?')];
  expect((await lm.chat(messages, call)).text).toBe((await fresh.chat(messages, call)).text);
});

it('chats at the same time do not mix', async () => {
  const chats = ['One.', 'Two.', 'Three.'].map((content) => [user(content)]);
  const alone: string[] = [];
  for (const messages of chats) alone.push((await fresh.chat(messages, call)).text);
  const together = await Promise.all(chats.map((messages) => lm.chat(messages, call)));
  expect(together.map(({ text }) => text)).toEqual(alone);
});

it('an answer that is left or fails does not spoil the next', async () => {
  const messages = [user('Tell me a long story.')];
  for await (const _ of lm.chat(messages, call)) break;
  const fail = (): never => {
    throw new Error('mine');
  };
  await expect(lm.chat(messages, { ...call, stopWhen: fail })).rejects.toThrow('mine');
  expect((await lm.chat(messages, call)).text).toBe((await fresh.chat(messages, call)).text);
});

it('variables, tools and templates reach the template', async () => {
  await using other = await languageModel('story-amateur', {
    threads: 1,
    chatTemplate: "{{ messages[0].content }}{{ 'X' if thinking }}{{ tools | length if tools }}",
  });
  const options = { temperature: 0, maxNewTokens: 2 } as const;
  const length = async (more: object): Promise<number> =>
    (await other.chat([user('Hello')], { ...options, ...more })).usage.promptTokens;
  expect(await length({ variables: { thinking: true } })).toBeGreaterThan(await length({}));
  expect(await length({ tools: [{}, {}], toolFormat: 'none' })).toBeGreaterThan(await length({}));
  await expect(other.chat([user('Hello')], { template: 'absent' })).rejects.toThrow(/template must be one of default/);
  await expect(other.chat([user('Hello')], { cache: 'none' } as never)).rejects.toThrow(/cache must be left out/);
});

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: { city: { enum: ['Paris', 'Rome'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
        required: ['city', 'days'],
        additionalProperties: false,
      },
    },
  },
];

it('calls tools, and continues with their results', async () => {
  const options = { ...call, tools, toolFormat: 'hermes', maxNewTokens: 200 };
  const messages = [user('Weather?')];
  const first = await lm.chat(messages, { ...options, toolChoice: 'required', parallelToolCalls: false });
  expect(first).toMatchObject({ text: '', reasoning: '', invalidToolCalls: [], finishReason: 'stop' });
  const [made] = first.toolCalls;
  expect(['Paris', 'Rome']).toContain(made!.arguments.city);
  expect(made!.arguments.days).toBeOneOf([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(first.message).toEqual({
    role: 'assistant',
    content: '',
    tool_calls: [
      { id: 'call00001', type: 'function', function: { name: 'get_weather', arguments: made!.argumentsText } },
    ],
  });
  messages.push(first.message, { role: 'tool', tool_call_id: made!.id, content: 'sun' });
  const second = await lm.chat(messages, { ...call, tools, toolFormat: 'hermes', toolChoice: 'none' });
  expect([second.toolCalls, second.text.length > 0]).toEqual([[], true]);
  expect(second.usage.cachedTokens).toBe(first.usage.promptTokens);
});

it('continues the last message', async () => {
  const messages = [user('Who are you?'), { role: 'assistant', content: ' I am the' }];
  const { text, message } = await lm.chat(messages, { ...call, continueFinalMessage: true });
  expect(text).not.toBe('');
  expect(message).toEqual({ role: 'assistant', content: ` I am the${text}` });
  await expect(lm.chat([user('x')], { continueFinalMessage: 1 as never })).rejects.toThrow('continueFinalMessage');
});

it('says which options of a reply do not go together', async () => {
  const chat = (options: object) => lm.chat([user('x')], options);
  await expect(chat({ tools })).rejects.toMatchObject({ name: 'ToolFormatError' });
  await expect(chat({ tools, toolFormat: 'hermes', schema: { type: 'object' } })).rejects.toThrow(
    "tools must be left out, or given with toolChoice: 'none', when schema, regex, choices or grammar is given",
  );
  await expect(chat({ schema: {}, reasoning: true })).rejects.toThrow('reasoning');
  await expect(chat({ schema: {}, toolFormat: 'nonsense' })).rejects.toThrow('toolFormat');
  await expect(chat({ schema: {}, continueFinalMessage: true })).rejects.toThrow('continueFinalMessage');
  await expect(chat({ toolChoice: 'required' })).rejects.toThrow("left out or 'none' when there are no tools");
});
