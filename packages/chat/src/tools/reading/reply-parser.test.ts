import { describe, expect, it } from 'vitest';
import { reasoningFormats } from '../formats/reasoning-formats.ts';
import { toolFormats } from '../formats/tool-formats.ts';
import type { ReplyPart } from '../tool-call.ts';
import { toolDefinitions } from '../tool-definitions.ts';
import { ReplyParser } from './reply-parser.ts';
import type { ReplySetting } from './reply-setting.ts';

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' }, days: { type: 'integer' }, hourly: { type: 'boolean' }, at: {} },
        required: ['city'],
      },
    },
  },
  {
    type: 'function',
    function: { name: 'get_time', parameters: { type: 'object', properties: { zone: { type: 'string' } } } },
  },
  { type: 'function', function: { name: 'stop' } },
];

interface Setting {
  readonly format?: string;
  readonly reasoning?: string;
  readonly inReasoning?: boolean;
  readonly anyTool?: boolean;
}

function setting({ format, reasoning, inReasoning = false, anyTool = false }: Setting): ReplySetting {
  let calls = 0;
  return {
    reply: toolFormats.find(({ name }) => name === format)?.reply,
    reasoning: reasoningFormats.find(({ name }) => name === reasoning),
    inReasoning,
    inText: false,
    tools: anyTool ? undefined : toolDefinitions('test', tools),
    nextId: () => `call${++calls}`,
    spell: (text) => text,
  };
}

interface Parsed {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly [name: string, args: unknown, id?: string][];
  readonly errors: readonly string[];
}

function parse(pieces: readonly string[], given: Setting): Parsed {
  const parser = new ReplyParser(setting(given));
  return collect([...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()]);
}

function collect(parts: readonly ReplyPart[]): Parsed {
  const of = (type: 'text' | 'reasoning'): string =>
    parts.map((part) => (part.type === type ? part.text : '')).join('');
  return {
    text: of('text'),
    reasoning: of('reasoning'),
    calls: parts.flatMap((part) =>
      part.type !== 'tool-call'
        ? []
        : [
            [part.call.name, part.call.arguments, ...(/^call\d$/.test(part.call.id) ? [] : [part.call.id])] as [
              string,
              unknown,
              string?,
            ],
          ],
    ),
    errors: parts.flatMap((part) => (part.type === 'invalid-tool-call' ? [part.error.reason] : [])),
  };
}

/** The same in one piece, split at each place, and character by character. */
function parseAllWays(text: string, given: Setting): Parsed {
  const whole = parse([text], given);
  for (let at = 1; at < text.length; at++)
    expect([at, parse([text.slice(0, at), text.slice(at)], given)]).toEqual([at, whole]);
  expect(parse([...text], given)).toEqual(whole);
  return whole;
}

const paris = ['get_weather', { city: 'Paris' }] as const;
const rome = ['get_weather', { city: 'Rome', days: 3, hourly: true }] as const;

type Case = readonly [name: string, given: string | Setting, text: string, expected: Partial<Parsed>];

/** What models of each format write. */
const cases: readonly Case[] = [
  [
    'one call',
    'hermes',
    '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
    { calls: [[...paris]] },
  ],
  [
    'two calls after a text',
    'hermes',
    'Let me look.\n\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome", "days": 3, "hourly": true}}\n</tool_call>\n',
    { text: 'Let me look.', calls: [[...paris], [...rome]] },
  ],
  [
    'no white space',
    'hermes',
    '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>',
    { calls: [[...paris]] },
  ],
  [
    'the mark inside a text',
    'hermes',
    '<tool_call>{"name": "get_weather", "arguments": {"city": "</tool_call> \\"{[\\u00e9é"}}</tool_call>',
    { calls: [['get_weather', { city: '</tool_call> "{[éé' }]] },
  ],
  [
    'arguments as text',
    'hermes',
    '<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}</tool_call>',
    { calls: [[...paris]] },
  ],
  ['no arguments', 'hermes', '<tool_call>{"name": "stop"}</tool_call>', { calls: [['stop', {}]] }],
  [
    'a text that only begins as a mark',
    'hermes',
    'a <tool_cal <tool call> b <',
    { text: 'a <tool_cal <tool call> b <' },
  ],
  [
    'text after a call',
    'hermes',
    '<tool_call>{"name": "stop", "arguments": {}}</tool_call>\n\nDone. ',
    { calls: [['stop', {}]], text: 'Done. ' },
  ],
  [
    'a name that no tool has',
    'hermes',
    '<tool_call>{"name": "nope", "arguments": {}}</tool_call> ok',
    { errors: ['name'], text: 'ok' },
  ],
  [
    'a list for arguments',
    'hermes',
    '<tool_call>{"name": "stop", "arguments": [1]}</tool_call>',
    { errors: ['arguments'] },
  ],
  ['no JSON', 'hermes', '<tool_call>{"name": stop}</tool_call>ok', { errors: ['syntax'], text: 'ok' }],
  [
    'braces that do not match, before a call that is right',
    'hermes',
    '<tool_call>{"name": "stop", "arguments": {}</tool_call>\n<tool_call>{"name": "stop", "arguments": {}}</tool_call>',
    { errors: ['syntax'], calls: [['stop', {}]] },
  ],
  [
    'a call that is cut off',
    'hermes',
    'Hm. <tool_call>\n{"name": "get_weather", "argum',
    { text: 'Hm.', errors: ['incomplete'] },
  ],
  ['a call without its end', 'hermes', '<tool_call>\n{"name": "stop", "arguments": {}}', { errors: ['incomplete'] }],
  ['a bare object', 'llama3', '{"name": "get_weather", "parameters": {"city": "Paris"}}', { calls: [[...paris]] }],
  [
    'an object with a type',
    'llama3',
    '{"type": "function", "name": "get_weather", "parameters": {"city": "Paris"}}',
    { calls: [[...paris]] },
  ],
  [
    'the mark and an object',
    'llama3',
    '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}',
    { calls: [[...paris]] },
  ],
  [
    'two objects',
    'llama3',
    '{"name": "get_weather", "parameters": {"city": "Paris"}}; {"name": "get_time", "parameters": {"zone": "CET"}}',
    { calls: [[...paris], ['get_time', { zone: 'CET' }]] },
  ],
  ['an object that is an answer', 'llama3', ' {"city": "Paris"}', { text: ' {"city": "Paris"}' }],
  [
    'an object with a name that is an answer',
    'llama3',
    '{"name": "Ada", "age": 36} is it.',
    { text: '{"name": "Ada", "age": 36} is it.' },
  ],
  ['an object with only the name of a tool', 'llama3', '{"name": "stop"}', { calls: [['stop', {}]] }],
  ['text', 'llama3', 'Hello {"name": 1}', { text: 'Hello {"name": 1}' }],
  [
    'a list',
    'mistral',
    '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Paris"}}]',
    { calls: [[...paris]] },
  ],
  [
    'a list of two with an id',
    'mistral',
    '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "VvvODy9mT"}, {"name": "get_time", "arguments": {"zone": "CET"}}]',
    {
      calls: [
        ['get_weather', { city: 'Paris' }, 'VvvODy9mT'],
        ['get_time', { zone: 'CET' }],
      ],
    },
  ],
  [
    'a list that is cut off',
    'mistral',
    '[TOOL_CALLS][{"name": "stop", "arguments": {}}, {"na',
    { calls: [['stop', {}]], errors: ['incomplete'] },
  ],
  [
    'calls with arguments',
    'mistral-args',
    '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}[TOOL_CALLS]stop[ARGS]{}',
    { calls: [[...paris], ['stop', {}]] },
  ],
  [
    'a call with an id',
    'mistral-args',
    'Yes. [TOOL_CALLS]get_weather[CALL_ID]123456789[ARGS]{"city": "Paris"}',
    { text: 'Yes.', calls: [['get_weather', { city: 'Paris' }, '123456789']] },
  ],
  [
    'tags',
    'functionary-v3.1',
    '<function=get_weather>{"city": "Paris"}</function><function=stop>{}</function>',
    { calls: [[...paris], ['stop', {}]] },
  ],
  ['a recipient', 'functionary-v3.2', 'get_weather\n{"city": "Paris"}', { calls: [[...paris]] }],
  [
    'the user, then recipients',
    'functionary-v3.2',
    '>>>all\nI will look.>>>get_weather\n{"city": "Paris"}\n>>>stop\n{}',
    { text: 'I will look.', calls: [[...paris], ['stop', {}]] },
  ],
  ['text for the user', 'functionary-v3.2', 'all\nHello >> there', { text: 'Hello >> there' }],
  [
    'calls in fences',
    'deepseek',
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Paris"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>stop\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    { calls: [[...paris], ['stop', {}]] },
  ],
  [
    'the older order, without the type, is an error',
    'deepseek',
    'So. <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather\n{"city": "Paris"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    { text: 'So.', errors: ['syntax'] },
  ],
  [
    'calls without fences',
    'deepseek-v3.1',
    'Now.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>stop<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    { text: 'Now.', calls: [[...paris], ['stop', {}]] },
  ],
  [
    'values of each kind',
    'functiongemma',
    '<start_function_call>call:get_weather{at:[<escape>a,}<escape>,1,{b:null}],city:<escape>Paris, {FR}<escape>,days:-2,hourly:false}<end_function_call>',
    { calls: [['get_weather', { at: ['a,}', 1, { b: null }], city: 'Paris, {FR}', days: -2, hourly: false }]] },
  ],
  [
    'two calls',
    'functiongemma',
    '<start_function_call>call:get_weather{city:<escape>Paris<escape>}<end_function_call><start_function_call>call:stop{}<end_function_call>',
    { calls: [[...paris], ['stop', {}]] },
  ],
  [
    'a value that is none',
    'functiongemma',
    '<start_function_call>call:get_weather{days:two}<end_function_call>ok',
    { errors: ['arguments'], text: 'ok' },
  ],
  [
    'a list with marks',
    'phi4-mini',
    '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris"}}]<|/tool_call|>',
    { calls: [[...paris]] },
  ],
  [
    'functools',
    'phi4-mini',
    'functools[{"name": "get_weather", "arguments": {"city": "Paris"}}, {"name": "stop", "arguments": {}}]',
    { calls: [[...paris], ['stop', {}]] },
  ],
  [
    'a list after a mark',
    'granite',
    '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris"}}]',
    { calls: [[...paris]] },
  ],
  [
    'another mark',
    'granite',
    '<tool_call> [{"name": "get_weather", "arguments": {"city": "Paris"}}]',
    { calls: [[...paris]] },
  ],
  [
    'analysis and a call',
    'harmony',
    '<|channel|>analysis<|message|>They ask for weather.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}',
    { reasoning: 'They ask for weather.', calls: [[...paris]] },
  ],
  [
    'a call with the recipient before the channel',
    'harmony',
    ' to=functions.get_weather<|channel|>commentary json<|message|>{"city":"Paris"}<|call|>',
    { calls: [[...paris]] },
  ],
  [
    'analysis, a text before a call, and the call',
    'harmony',
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>I will look.<|end|><|start|>assistant<|channel|>commentary to=functions.stop <|constrain|>json<|message|>{}<|call|>',
    { reasoning: 'Hm.', text: 'I will look.', calls: [['stop', {}]] },
  ],
  [
    'analysis and the answer',
    'harmony',
    '<|channel|>analysis<|message|>Easy.<|end|><|start|>assistant<|channel|>final<|message|>4 < 5 <|x|>',
    { reasoning: 'Easy.', text: '4 < 5 <|x|>' },
  ],
  [
    'a call to another recipient',
    'harmony',
    '<|channel|>commentary to=browser.search code<|message|>{"query": "x"}<|call|>',
    { errors: ['name'] },
  ],
  ['text without a header', 'harmony', 'Hello.', { text: 'Hello.' }],
  [
    'tags with texts and values',
    'qwen3-coder',
    'Sure.\n<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n3\n</parameter>\n<parameter=hourly>\nTrue\n</parameter>\n<parameter=at>\n{"a": [1]}\n</parameter>\n</function>\n</tool_call>',
    { text: 'Sure.', calls: [['get_weather', { city: 'Paris', days: 3, hourly: true, at: { a: [1] } }]] },
  ],
  [
    'a text of several lines, and a number that is a text',
    'qwen3-coder',
    '<tool_call>\n<function=get_weather>\n<parameter=city>\n 1\n<b>\n\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=stop>\n</function>\n</tool_call>',
    {
      calls: [
        ['get_weather', { city: ' 1\n<b>\n' }],
        ['stop', {}],
      ],
    },
  ],
  [
    'without the outer mark',
    'qwen3-coder',
    '<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>',
    { calls: [[...paris]] },
  ],
  [
    'keys and values',
    'glm4',
    '\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>\n<tool_call>stop\n</tool_call>',
    {
      calls: [
        ['get_weather', { city: 'Paris', days: 3 }],
        ['stop', {}],
      ],
    },
  ],
  [
    'keys and values in one line',
    'glm4',
    '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>',
    { calls: [[...paris]] },
  ],
  [
    'numbered calls',
    'kimi-k2',
    '<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city": "Paris"}<|tool_call_end|><|tool_call_begin|>functions.stop:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
    {
      calls: [
        ['get_weather', { city: 'Paris' }, 'functions.get_weather:0'],
        ['stop', {}, 'functions.stop:1'],
      ],
    },
  ],
  [
    'reasoning that the reply opens',
    { format: 'hermes', reasoning: 'think' },
    '<think>\nThey want\nweather. </th\n</think>\n\n<tool_call>\n{"name": "stop", "arguments": {}}\n</tool_call>',
    { reasoning: 'They want\nweather. </th', calls: [['stop', {}]] },
  ],
  [
    'reasoning that the prompt opens',
    { reasoning: 'think', inReasoning: true },
    'Hm.\n</think>\n\nYes. ',
    { reasoning: 'Hm.', text: 'Yes. ' },
  ],
  ['reasoning that does not end', { reasoning: 'think', inReasoning: true }, 'Hm. </thi', { reasoning: 'Hm. </thi' }],
  ['no reasoning', { reasoning: 'think' }, ' <thin> air', { text: ' <thin> air' }],
  ['a mark later on is text', { reasoning: 'think' }, 'A <think> b', { text: 'A <think> b' }],
  [
    'reasoning of Mistral',
    { format: 'mistral-args', reasoning: 'mistral' },
    '[THINK]Hm.[/THINK]Yes.',
    { reasoning: 'Hm.', text: 'Yes.' },
  ],
  [
    'reasoning and answer of Granite',
    { format: 'granite', reasoning: 'granite' },
    '<think>Hm.</think>\n<response>Yes.</response>',
    { reasoning: 'Hm.', text: 'Yes.' },
  ],
];

describe('ReplyParser', () => {
  it.each(
    cases.map(
      ([name, given, text, expected]) =>
        [typeof given === 'string' ? given : (given.format ?? 'text'), name, given, text, expected] as const,
    ),
  )('%s: %s', (_, __, given, text, expected) => {
    const parsed = parseAllWays(text, typeof given === 'string' ? { format: given } : given);
    expect(parsed).toEqual({ text: '', reasoning: '', calls: [], errors: [], ...expected });
  });

  it('gives text out as soon as it cannot be a mark', () => {
    const parser = new ReplyParser(setting({ format: 'hermes' }));
    expect(parser.push('Hello <')).toEqual([{ type: 'text', text: 'Hello' }]);
    expect(parser.push('tool')).toEqual([]);
    expect(parser.push('s> x')).toEqual([{ type: 'text', text: ' <tools> x' }]);
    expect(parser.end()).toEqual([]);
  });

  it('gives a call out with its end, with what the model wrote', () => {
    const parser = new ReplyParser(setting({ format: 'hermes', anyTool: true }));
    const call = '<tool_call>\n{"name": "f", "arguments": {"x": 1.0, "n": 12345678901234567890}}\n';
    expect(parser.push(`Hm. ${call}`)).toEqual([{ type: 'text', text: 'Hm.' }]);
    expect(parser.push('</tool_call>')).toEqual([
      {
        type: 'tool-call',
        call: {
          id: 'call1',
          name: 'f',
          arguments: { x: 1, n: Number('12345678901234567890') },
          argumentsText: '{"x": 1.0, "n": 12345678901234567890}',
          text: `${call}</tool_call>`,
        },
      },
    ]);
  });

  it('says what is wrong, with the name and the text', () => {
    const [part] = new ReplyParser(setting({ format: 'hermes' })).push(
      '<tool_call>{"name": "nope", "arguments": {}}</tool_call>',
    );
    expect(part).toMatchObject({
      error: {
        name: 'ToolCallError',
        reason: 'name',
        tool: 'nope',
        text: '<tool_call>{"name": "nope", "arguments": {}}</tool_call>',
      },
    });
  });

  it('is linear in the length of a call', () => {
    const parser = new ReplyParser(setting({ format: 'hermes' }));
    parser.push('<tool_call>{"name": "get_weather", "arguments": {"city": "');
    const start = performance.now();
    for (let at = 0; at < 20_000; at++) parser.push('abcd');
    expect(parser.push('"}}</tool_call>')).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
