import { type EndEvent, type LanguageModel, ParameterError, sampling, UnknownOptionError } from '@tokenwright/core';
import { beamSearch } from '@tokenwright/strategies';
import { describe, expect, it } from 'vitest';
import { Chat, type SendOptions } from './chat.ts';
import type { ChatMessage } from './chat-message.ts';
import { applyChatTemplate } from './chat-template.ts';
import { createChatTemplate } from './create-chat-template.ts';
import type { ChatEvent } from './reply/reply.ts';
import { markedTokenizer, type TestTokenizer } from './testing/marked-tokenizer.ts';
import { noisyModel, scriptedModel } from './testing/written-models.ts';
import { ToolCallParser } from './tool-call-parser.ts';

/** In the manner of Qwen 3. */
const template = createChatTemplate(`{%- if tools %}<|im_start|>system
{% for tool in tools %}{{ tool | tojson }}{% endfor %}<|im_end|>
{% endif %}
{%- for m in messages %}
{%- if m.role == 'tool' %}<|im_start|>user
<tool_response>{{ m.name }}: {{ m.content }}</tool_response><|im_end|>
{% else %}<|im_start|>{{ m.role }}
{{ m.content if m.content }}
{%- for call in m.tool_calls %}{{ '\\n' if m.content or not loop.first }}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and enable_thinking is false %}<think>

</think>

{% endif %}{% endif %}`);

/** Its prompt opens the reasoning, as that of DeepSeek R1. */
const opening = createChatTemplate(
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}',
);

const marks = ['<|im_start|>', '<|im_end|>', '<think>', '</think>', '<tool_call>', '</tool_call>'];
const special = markedTokenizer(marks, true);
const ordinary = markedTokenizer(marks, false);

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
  { type: 'function', function: { name: 'stop' } },
];

const call = (city: string): string =>
  `<tool_call>\n{"name": "get_weather", "arguments": {"city": "${city}"}}\n</tool_call>`;

async function read(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const textOf = (events: readonly ChatEvent[]): string =>
  events.map((event) => (event.type === 'token' ? event.text : event.type === 'end' ? event.tail : '')).join('');
const reasoningOf = (events: readonly ChatEvent[]): string =>
  events.map((event) => (event.type === 'reasoning' ? event.text : '')).join('');
const endOf = (events: readonly ChatEvent[]): EndEvent => events.at(-1) as EndEvent;

function chatOf(
  replies: readonly string[],
  tokenizer: TestTokenizer = special,
  options: SendOptions = { tools },
): Chat {
  return new Chat({ model: scriptedModel(tokenizer, replies), tokenizer, chatTemplate: template }, options);
}

describe.each([
  ['special tokens', special],
  ['ordinary tokens', ordinary],
] as const)('a chat with tools and %s', (_, tokenizer) => {
  it('streams text, then calls, keeps them in the message, and sends the results back', async () => {
    using chat = chatOf([`I will look.\n${call('Paris')}\n${call('Rome')}`, 'Sunny.'], tokenizer);
    const events = await read(chat.send('Weather?'));
    expect(textOf(events)).toBe('I will look.');
    expect(endOf(events).text).toBe('I will look.');
    expect(events.flatMap((event) => (event.type === 'tool-call' ? [event.call.arguments] : []))).toEqual([
      { city: 'Paris' },
      { city: 'Rome' },
    ]);
    expect(chat.messages.at(-1)).toEqual({
      role: 'assistant',
      content: 'I will look.',
      tool_calls: [
        { id: 'call00001', type: 'function', function: { name: 'get_weather', arguments: '{"city": "Paris"}' } },
        { id: 'call00002', type: 'function', function: { name: 'get_weather', arguments: '{"city": "Rome"}' } },
      ],
    });
    const results = chat.toolCalls.map(({ id, arguments: given }) => ({ toolCallId: id, content: { in: given.city } }));
    const answer = await read(chat.sendToolResults(results.reverse()));
    expect(textOf(answer)).toBe('Sunny.');
    expect(chat.messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'Weather?'],
      ['assistant', 'I will look.'],
      ['tool', '{"in":"Paris"}'],
      ['tool', '{"in":"Rome"}'],
      ['assistant', 'Sunny.'],
    ]);
    // The template wrote the reply as the model did: only the results are new.
    expect(endOf(answer).usage.cachedTokens).toBe(endOf(events).usage.promptTokens + endOf(events).ids.length - 1);
  });

  it('is the same under every strategy', async () => {
    const names: unknown[] = [];
    for (const options of [{}, { strategy: sampling(), samplers: [] }, { strategy: beamSearch({ numBeams: 2 }) }]) {
      const model = noisyModel(tokenizer, 1, { '<|eos|>': 9 });
      const settings = { tools, toolChoice: { name: 'stop' }, reasoning: false };
      using chat = new Chat({ model, tokenizer, chatTemplate: template }, settings);
      const events = await read(chat.send('Stop.', { maxNewTokens: 300, seed: 1, ...options }));
      names.push(events.flatMap((event) => (event.type === 'tool-call' ? [event.call.name] : [])));
    }
    expect(names).toEqual([['stop'], ['stop'], ['stop']]);
  });

  it('parses what the template writes', () => {
    // In a text, a special token looks like its spelling.
    const city = tokenizer === special ? '"{\n' : '</tool_call>"';
    const message: ChatMessage = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'x', type: 'function', function: { name: 'get_weather', arguments: { city } } }],
    };
    const user = { role: 'user', content: 'a' };
    const before = applyChatTemplate(template, [user]);
    const text = applyChatTemplate(template, [user, message], { addGenerationPrompt: false });
    expect(text.startsWith(before)).toBe(true);
    const parser = new ToolCallParser({ chatTemplate: template, tokenizer });
    const ids = tokenizer.encode(text.slice(before.length).replace('<|im_end|>\n', ''));
    expect([...ids.flatMap((id) => parser.push(id)), ...parser.end()]).toMatchObject([
      { type: 'tool-call', call: { arguments: { city } } },
    ]);
  });
});

describe('a chat with tools', () => {
  it('takes the spelling of a special token for text', async () => {
    const spelled = [...'<tool_call>'].map((one) => one.charCodeAt(0));
    const model = scriptedModel({ ...special, encode: () => spelled }, ['x']);
    using chat = new Chat({ model, tokenizer: special, chatTemplate: template }, { tools });
    const events = await read(chat.send('a', { toolChoice: 'none' }));
    expect(textOf(events)).toBe('<tool_call>');
    expect(events.filter(({ type }) => type.includes('call'))).toEqual([]);
  });

  it('reports a call that is cut off as an error, keeps what came before, and none of it is text', async () => {
    using chat = chatOf([`Hm. ${call('Paris')}`]);
    const events = await read(chat.send('a', { maxNewTokens: 20 }));
    expect(events.map((event) => (event.type === 'invalid-tool-call' ? event.error.reason : '')).join('')).toBe(
      'incomplete',
    );
    expect([textOf(events), chat.messages.at(-1)]).toEqual(['Hm.', { role: 'assistant', content: 'Hm.' }]);
    expect(chat.toolCalls).toEqual([]);
  });

  it('keeps what there is when the reader leaves or a signal stops it inside a call', async () => {
    using chat = chatOf([`${call('Paris')}\n${call('Rome')}`, 'Ok.']);
    for await (const event of chat.send('a')) if (event.type === 'tool-call') break;
    expect(chat.toolCalls.map(({ arguments: given }) => given)).toEqual([{ city: 'Paris' }]);
    const controller = new AbortController();
    using other = chatOf([call('Paris'), 'Ok.']);
    let tokens = 0;
    const events: ChatEvent[] = [];
    for await (const event of other.send('a', { signal: controller.signal })) {
      events.push(event);
      if (event.type === 'token' && ++tokens === 20) controller.abort();
    }
    expect(endOf(events).finishReason).toBe('abort');
    expect(events.filter(({ type }) => type === 'invalid-tool-call')).toHaveLength(1);
    expect(other.messages).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: '' },
    ]);
    expect(textOf(await read(other.send('b')))).toBe('Ok.');
  });

  it('refuses what does not fit, and names it', async () => {
    using chat = chatOf([call('Paris')]);
    const send = (options: object): Promise<ChatEvent[]> => read(chat.send('a', options));
    await expect(send({ toolChoice: 'any' })).rejects.toThrow(
      "toolChoice must be 'none', 'auto', 'required' or { name }",
    );
    await expect(send({ toolChoice: { name: 'nope' } })).rejects.toThrow('with one of get_weather, stop');
    await expect(send({ tools: [], toolChoice: 'required' })).rejects.toThrow(
      "left out or 'none' when there are no tools",
    );
    await expect(send({ parallelToolCalls: 1 })).rejects.toThrow('parallelToolCalls');
    await expect(send({ toolFormat: 'hermess' })).rejects.toThrow("toolFormat must be 'none' or one of hermes");
    await expect(send({ reasoning: { budget: -1 } })).rejects.toThrow('reasoning.budget');
    await expect(send({ reasoning: { bugdet: 1 } })).rejects.toThrow(UnknownOptionError);
    await expect(send({ tools: [{ type: 'function', function: {} }] })).rejects.toThrow('tools[0].function.name');
    await expect(send({ tools: [...tools, tools[0]] })).rejects.toThrow('a name that no other tool has');
    await expect(send({ numReturnSequences: 2, samplers: [] })).rejects.toThrow('numReturnSequences');
    const bad = {
      type: 'function',
      function: { name: 'f', parameters: { type: 'object', properties: { a: { $ref: '#/no' } } } },
    };
    await expect(send({ tools: [bad] })).rejects.toMatchObject({
      name: 'ToolSchemaError',
      tool: 'f',
      pointer: '#/properties/a',
    });
    expect(chat.messages).toEqual([]);
    await expect(read(chat.sendToolResults([]))).rejects.toThrow('sent after a message with tool calls');
    await read(chat.send('a'));
    await expect(read(chat.sendToolResults([]))).rejects.toThrow('one result for each call: call00001');
    await expect(read(chat.sendToolResults([{ toolCallId: 'x', content: '' }]))).rejects.toThrow(ParameterError);
    await expect(read(chat.sendToolResults([{ content: () => 1 }]))).rejects.toThrow('a text, or plain data');
  });

  it('asks for a format that the template does not show', async () => {
    const plain = createChatTemplate('{% for m in messages %}{{ m.content }}{% endfor %}');
    const make = (options: object): Chat =>
      new Chat(
        { model: scriptedModel(special, ['Hi.']), tokenizer: special, chatTemplate: plain },
        { tools, ...options },
      );
    expect(() => make({})).toThrow(expect.objectContaining({ name: 'ToolFormatError' }));
    expect(() => make({})).toThrow(/'hermes', 'smollm3', 'llama3'/);
    using named = make({ toolFormat: 'hermes' });
    expect(textOf(await read(named.send('a')))).toBe('Hi.');
    using none = make({ toolFormat: 'none' });
    expect(textOf(await read(none.send('a')))).toBe('Hi.');
  });

  it('writes calls into the content for a template that does not read them', async () => {
    const plain = createChatTemplate(
      '{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}',
    );
    const model = scriptedModel(special, [call('Paris'), 'Sunny.']);
    using chat = new Chat({ model, tokenizer: special, chatTemplate: plain }, { tools, toolFormat: 'hermes' });
    const first = await read(chat.send('a'));
    const second = await read(chat.sendToolResults([{ content: 'sun' }]));
    expect(textOf(second)).toBe('Sunny.');
    expect(endOf(second).usage.cachedTokens).toBe(endOf(first).usage.promptTokens + endOf(first).ids.length - 1);
  });
});

describe('reasoning', () => {
  it('is split from the answer as it streams, and kept apart in the message', async () => {
    using chat = chatOf(['<think>\nHm, a.\n</think>\n\nYes.'], special, {});
    const events = await read(chat.send('a'));
    expect([reasoningOf(events), textOf(events), endOf(events).text]).toEqual(['Hm, a.', 'Yes.', 'Yes.']);
    expect(chat.messages.at(-1)).toEqual({ role: 'assistant', content: 'Yes.', reasoning_content: 'Hm, a.' });
  });

  it('is known from a prompt that opens it', async () => {
    const model = scriptedModel(ordinary, ['Hm.</think>Yes.']);
    using chat = new Chat({ model, tokenizer: ordinary, chatTemplate: opening });
    const events = await read(chat.send('a'));
    expect([reasoningOf(events), textOf(events)]).toEqual(['Hm.', 'Yes.']);
  });

  it('is switched by the variable of the template', async () => {
    for (const reasoning of [true, false, undefined]) {
      using chat = chatOf(['Yes.'], special, { tools, reasoning });
      await read(chat.send('a'));
      const prompt = chat.promptLength;
      using plain = chatOf(['Yes.'], special, { tools });
      await read(plain.send('a'));
      expect(prompt - plain.promptLength).toBe(reasoning === false ? 6 : 0);
    }
    const chat = (options: object): Chat => chatOf(['x'], special, options);
    expect(() => chat({ reasoning: true, variables: { enable_thinking: true } })).toThrow('reasoning must be left out');
    const plain = createChatTemplate('{{ messages[0].content }}');
    const model = scriptedModel(special, ['x']);
    expect(() => new Chat({ model, tokenizer: special, chatTemplate: plain }, { reasoning: true })).toThrow(
      'shows no reasoning',
    );
    new Chat({ model, tokenizer: special, chatTemplate: plain }, { reasoning: false }).dispose();
  });

  const models: readonly (readonly [string, TestTokenizer])[] = [
    ['special tokens', special],
    ['ordinary tokens', ordinary],
    ['marks spelled in letters', markedTokenizer([], false)],
  ];
  it.each(models)('ends with its budget, whatever the strategy, with %s', async (_, tokenizer) => {
    // It would write 'a' without end.
    const model: LanguageModel = noisyModel(tokenizer, 2, { a: 9 });
    for (const budget of [0, 1, 7])
      for (const options of [{}, { strategy: sampling(), samplers: [] }, { strategy: beamSearch({ numBeams: 2 }) }]) {
        using chat = new Chat({ model, tokenizer, chatTemplate: opening }, { reasoning: { budget } });
        const events = await read(chat.send('b', { maxNewTokens: 30, seed: 1, ...options }));
        expect([...reasoningOf(events)].length).toBeLessThanOrEqual(budget);
        expect(reasoningOf(events)).toMatch(/^a*/);
        expect(textOf(events).length).toBeGreaterThan(0);
        const close = tokenizer.encode('</think>');
        expect(endOf(events).ids.slice(budget, budget + close.length)).toEqual(close);
      }
    using off = new Chat({ model, tokenizer, chatTemplate: opening }, { reasoning: false });
    const events = await read(off.send('b', { maxNewTokens: 12 }));
    expect([reasoningOf(events), textOf(events).length > 0]).toEqual(['', true]);
  });

  it('comes before a call that must be', async () => {
    const model = noisyModel(special, 3, { a: 3, '<|eos|>': 8, '"': 6 });
    using chat = new Chat({ model, tokenizer: special, chatTemplate: opening }, { tools, toolFormat: 'hermes' });
    const options = { toolChoice: { name: 'stop' }, reasoning: { budget: 5 }, maxNewTokens: 400, seed: 1 };
    const events = await read(chat.send('b', options));
    expect([...reasoningOf(events)].length).toBeGreaterThan(0);
    expect(chat.toolCalls.map(({ name }) => name)).toEqual(['stop']);
  });
});

describe('continueFinalMessage', () => {
  it('continues a text of the assistant', async () => {
    using chat = chatOf([' 2, 3.', 'More.'], special, {});
    chat.messages = [
      { role: 'user', content: 'Count.' },
      { role: 'assistant', content: 'Sure: 1,' },
    ];
    expect(textOf(await read(chat.continueFinalMessage()))).toBe(' 2, 3.');
    expect(chat.messages.at(-1)).toEqual({ role: 'assistant', content: 'Sure: 1, 2, 3.' });
    const next = await read(chat.send('More.'));
    expect(endOf(next).usage.cachedTokens).toBeGreaterThan(20);
  });

  it('continues an answer that was stopped', async () => {
    using chat = chatOf(['One two'], special, {});
    for await (const event of chat.send('Count.')) if (event.type === 'token' && chatText(event) === 'w') break;
    expect(chat.messages.at(-1)?.content).toBe('One tw');
    await read(chat.continueFinalMessage());
    // As if it had not been stopped.
    expect(chat.messages.at(-1)?.content).toBe('One two');
  });

  it('needs a text of the assistant', async () => {
    using chat = chatOf(['x']);
    await expect(read(chat.continueFinalMessage())).rejects.toThrow('ends with a text of the assistant');
    chat.messages = [{ role: 'user', content: 'a' }];
    await expect(read(chat.continueFinalMessage())).rejects.toThrow('ends with a text of the assistant');
  });
});

function chatText(event: ChatEvent): string | undefined {
  return event.type === 'token' ? event.text : undefined;
}

describe('ToolCallParser', () => {
  it('needs a format, and a tokenizer for ids', () => {
    expect(() => new ToolCallParser({})).toThrow('toolFormat must be given when chatTemplate is not');
    expect(() => new ToolCallParser({ toolFormat: 'x' })).toThrow('toolFormat');
    expect(() => new ToolCallParser({ toolFormat: 'hermes', tool: [] } as never)).toThrow(UnknownOptionError);
    expect(() => new ToolCallParser({ toolFormat: 'hermes' }).push(1)).toThrow('ids need a tokenizer');
  });

  it('reads special tokens by their ids', () => {
    const parser = new ToolCallParser({ toolFormat: 'hermes', tokenizer: special });
    const ids = [
      ...special.encode('a '),
      ...[...'<tool_call>'].map((one) => one.charCodeAt(0)),
      ...special.encode(call('Paris')),
    ];
    const parts = [...ids.flatMap((id) => parser.push(id)), ...parser.end()];
    expect(parts.map((part) => (part.type === 'text' ? part.text : part.type)).join('')).toBe('a <tool_call>tool-call');
  });
});
