import { type EndEvent, type GenerateOptions, sampling } from '@tokenwright/core';
import { beamSearch } from '@tokenwright/strategies';
import { describe, expect, it } from 'vitest';
import { Chat, type SendOptions } from '../chat.ts';
import { createChatTemplate } from '../create-chat-template.ts';
import { markedTokenizer } from '../testing/marked-tokenizer.ts';
import { noisyModel } from '../testing/written-models.ts';
import { toolFormats } from '../tools/formats/tool-formats.ts';
import { startsOf } from '../tools/reading/read-marked.ts';
import type { ToolCall } from '../tools/tool-call.ts';
import type { ToolFormat } from '../tools/tool-format.ts';
import type { ChatEvent } from './reply.ts';

/** A small template: what matters here is what the model writes. */
const template = createChatTemplate(
  '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if tools %}{% endif %}{% if add_generation_prompt %}assistant: {% endif %}',
);

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: {
          city: { type: 'string', minLength: 1, maxLength: 6 },
          unit: { enum: ['C', 'F'] },
          days: { type: 'integer', minimum: 1, maximum: 14 },
          hourly: { type: 'boolean' },
          tags: { type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 2 },
        },
        required: ['city', 'days'],
        additionalProperties: false,
      },
    },
  },
  { type: 'function', function: { name: 'stop' } },
];

function conforms({ name, arguments: given }: Pick<ToolCall, 'name' | 'arguments'>): boolean {
  if (name === 'stop') return Object.keys(given).length === 0;
  const { city, unit, days, hourly, tags, ...others } = given;
  return (
    name === 'get_weather' &&
    Object.keys(others).length === 0 &&
    typeof city === 'string' &&
    [...city].length >= 1 &&
    [...city].length <= 6 &&
    (unit === undefined || unit === 'C' || unit === 'F') &&
    Number.isInteger(days) &&
    Number(days) >= 1 &&
    Number(days) <= 14 &&
    (hourly === undefined || typeof hourly === 'boolean') &&
    (tags === undefined ||
      (Array.isArray(tags) && tags.length <= 2 && tags.every((tag) => typeof tag === 'string' && [...tag].length <= 3)))
  );
}

interface Answer {
  readonly calls: readonly ToolCall[];
  readonly errors: readonly string[];
  readonly text: string;
  readonly reasoning: string;
  readonly end: EndEvent;
}

async function answer(chat: Chat, options: SendOptions): Promise<Answer> {
  const events: ChatEvent[] = [];
  for await (const event of chat.send('Weather?', { maxNewTokens: 4000, ...options })) events.push(event);
  return {
    calls: events.flatMap((event) => (event.type === 'tool-call' ? [event.call] : [])),
    errors: events.flatMap((event) => (event.type === 'invalid-tool-call' ? [event.error.message] : [])),
    text: events
      .map((event) => (event.type === 'token' ? event.text : event.type === 'end' ? event.tail : ''))
      .join(''),
    reasoning: events.map((event) => (event.type === 'reasoning' ? event.text : '')).join(''),
    end: events.at(-1) as EndEvent,
  };
}

/** What a model must be fond of to write calls on its own. */
function marksOf({ reply }: ToolFormat): readonly string[] {
  return reply.kind === 'marked' ? startsOf(reply) : [reply.next, reply.headerEnd];
}

const samples: GenerateOptions = { strategy: sampling(), samplers: [] };
const strategies: readonly (readonly [string, GenerateOptions])[] = [
  ['sampling', samples],
  ['beam search', { strategy: beamSearch({ numBeams: 2 }), maxNewTokens: 150 }],
];

describe.each(toolFormats.map((format) => [format.name, format] as const))('%s', (name, format) => {
  const vocabularies = [true, false].map(
    (special) => [special ? 'special tokens' : 'ordinary tokens', markedTokenizer(format.tokens, special)] as const,
  );

  it.each(vocabularies)('forces calls with %s', async (_, tokenizer) => {
    for (let seed = 1; seed <= 2; seed++)
      for (const toolChoice of ['required', { name: 'get_weather' }] as const) {
        const model = noisyModel(tokenizer, seed, { '"': 4, '<|eos|>': 6 });
        using chat = new Chat({ model, tokenizer, chatTemplate: template }, { tools, toolFormat: name });
        const { calls, errors, text, end } = await answer(chat, { ...samples, seed, toolChoice });
        expect([seed, toolChoice, errors]).toEqual([seed, toolChoice, []]);
        expect(end.finishReason).toBe('stop');
        expect(calls.length).toBeGreaterThan(0);
        expect(calls.filter((call) => !conforms(call))).toEqual([]);
        expect(text).toBe('');
        if (toolChoice !== 'required') expect(calls.map((call) => call.name)).toEqual(['get_weather']);
        expect(chat.toolCalls.map((call) => [call.id, call.arguments])).toEqual(
          calls.map((call) => [call.id, call.arguments]),
        );
      }
  });

  it.each(vocabularies)('leaves the choice to the model with %s, but not how a call looks', async (_, tokenizer) => {
    const fond = Object.fromEntries(marksOf(format).map((mark) => [mark, 7]));
    let count = 0;
    for (let seed = 1; seed <= 2; seed++) {
      const model = noisyModel(tokenizer, seed, { '"': 4, '<|eos|>': 5, ...fond });
      using chat = new Chat({ model, tokenizer, chatTemplate: template }, { tools, toolFormat: name });
      const { calls, errors, end } = await answer(chat, {
        ...samples,
        seed,
        parallelToolCalls: false,
        maxNewTokens: 1000,
      });
      // A model of channels may write texts without end before its answer.
      if (format.reply.kind === 'marked') expect(end.finishReason).toBe('stop');
      if (end.finishReason === 'stop') expect([seed, errors]).toEqual([seed, []]);
      expect(calls.length).toBeLessThanOrEqual(1);
      expect(calls.filter((call) => !conforms(call))).toEqual([]);
      count += calls.length;

      const none = await answer(chat, { ...samples, seed, toolChoice: 'none', maxNewTokens: 200 });
      expect(none.calls).toEqual([]);
      if (format.reply.kind === 'marked') for (const mark of marksOf(format)) expect(none.text).not.toContain(mark);
    }
    if (format.reply.kind === 'marked' && format.reply.bare !== true && format.tokens.length > 0)
      expect(count).toBeGreaterThan(0);
  });

  it.each(strategies)('holds under %s', async (_, options) => {
    const tokenizer = markedTokenizer(format.tokens, true);
    const model = noisyModel(tokenizer, 3, { '"': 6, '<|eos|>': 6 });
    using chat = new Chat({ model, tokenizer, chatTemplate: template }, { tools, toolFormat: name });
    const { calls, errors, end } = await answer(chat, { ...options, seed: 5, toolChoice: { name: 'get_weather' } });
    expect(end.finishReason === 'stop' ? errors : []).toEqual([]);
    expect(calls.filter((call) => !conforms(call))).toEqual([]);
    if (end.finishReason === 'stop') expect(calls).toHaveLength(1);
  });
});

it.each([
  ['^\\d{1,3}\\$', /^\d{1,3}\$/],
  ['\\$$', /\$$/],
  ['^a\\\\$', /^a\\$/],
])('forces the pattern %s of a text that is not JSON', async (pattern, expected) => {
  const tokenizer = markedTokenizer([], false);
  const properties = { price: { type: 'string', pattern, maxLength: 6 } };
  const parameters = { type: 'object', properties, required: ['price'], additionalProperties: false };
  using chat = new Chat(
    { model: noisyModel(tokenizer, 3), tokenizer, chatTemplate: template },
    { tools: [{ type: 'function', function: { name: 'pay', parameters } }], toolFormat: 'qwen3-coder' },
  );
  const { calls, errors } = await answer(chat, { toolChoice: 'required', parallelToolCalls: false, seed: 4 });
  expect(errors).toEqual([]);
  expect(calls[0]!.arguments.price).toMatch(expected);
});
