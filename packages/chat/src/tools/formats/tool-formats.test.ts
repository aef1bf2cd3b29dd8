import { describe, expect, it } from 'vitest';
import { writeCalls } from '../../reply/write-calls.ts';
import { ReplyParser } from '../reading/reply-parser.ts';
import { toolDefinitions } from '../tool-definitions.ts';
import { reasoningFormatOf } from './reasoning-formats.ts';
import { toolFormatNames, toolFormatOf, toolFormats } from './tool-formats.ts';

/** What the templates of each format have in them. */
const shown: readonly (readonly [name: string, template: string])[] = [
  ['hermes', "{{- '<tool_call>\\n{\"name\": \"' }}{{ call.name }}{{- '\\n</tool_call>' }}"],
  ['smollm3', '{% if xml_tools %}<tools>{% endif %} <tool_call> {"name": <function-name>} </tool_call>'],
  ['llama3', '{{- \'Respond in the format {"name": function name, "parameters": dictionary of arguments.}\' }}'],
  ['llama3', "{{- '<|python_tag|>' + tool_call.name + '.call(' }}"],
  ['mistral', "{{- '[TOOL_CALLS] [' }}{{ call.function | tojson }}"],
  ['mistral-args', "{{- '[TOOL_CALLS]' + name + '[ARGS]' + arguments }}"],
  ['functionary-v3.1', "{{ '<function=' + name + '>' + arguments + '</function>' }}<|python_tag|>"],
  ['functionary-v3.2', "{{ '>>>all\\n' + content }}"],
  [
    'deepseek',
    "{{ '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + type + '<｜tool▁sep｜>' + name + '\\n```json\\n' }}",
  ],
  ['deepseek-v3.1', "{{ '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + name + '<｜tool▁sep｜>' + arguments }}"],
  ['functiongemma', "{{ '<start_function_call>call:' + name }}"],
  ['phi4-mini', "{{ '<|tool|>' + message['tools'] + '<|/tool|>' }}"],
  ['phi4-mini', 'prefix function calls with functools marker'],
  ['granite', "{{ '<|start_of_role|>assistant<|end_of_role|><|tool_call|>' }}"],
  ['harmony', "{{ '<|start|>assistant<|channel|>final<|message|>' }}"],
  ['qwen3-coder', "{{ '<tool_call>\\n<function=' + name + '>\\n<parameter=' }}"],
  ['glm4', "{{ '<tool_call>' + name }}<arg_key>{{ key }}</arg_key>"],
  ['kimi-k2', "{{ '<|tool_calls_section_begin|><|tool_call_begin|>' }}"],
  ['kimi-k2', '<|im_system|>tool_declare<|im_middle|>'],
];

it.each(shown)('%s is known from its template, and from no other', (name, template) => {
  expect(toolFormats.filter(({ recognizes }) => recognizes(template)).map((format) => format.name)).toEqual([name]);
  expect(toolFormatOf('test', 'A model', template, undefined).name).toBe(name);
});

it('covers every format', () => {
  expect(new Set(shown.map(([name]) => name))).toEqual(new Set(toolFormatNames));
});

it.each([
  ["{% if '</think>' in content %}", 'think'],
  ["{{ '[THINK]' }}", 'mistral'],
  ['<think></think> <response></response>', 'granite'],
  ["{{ '<|channel|>analysis<|message|>' }}", 'harmony'],
  ['{{ messages[0].content }}', undefined],
])('the reasoning of %s is %s', (template, name) => {
  expect(reasoningFormatOf(template)?.name).toBe(name);
});

describe('what a format writes is what it reads', () => {
  const properties = {
    city: { type: 'string' },
    days: { type: 'integer' },
    on: { type: 'boolean' },
    list: { type: 'array' },
  };
  const tools = toolDefinitions('test', [
    { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties } } },
    { type: 'function', function: { name: 'stop' } },
  ]);
  const given = { city: 'São Paulo, "x" {1}\nb', days: -3, on: true, list: ['a', 1, null, { b: [] }] };

  it.each(toolFormats.map((format) => [format.name, format] as const))('%s', (_, format) => {
    const calls = [
      { name: 'get_weather', argumentsText: JSON.stringify(given) },
      ...(format.reply.kind === 'marked' && format.reply.parallel === false
        ? []
        : [{ name: 'stop', argumentsText: '{}' }]),
    ];
    const parser = new ReplyParser({
      reply: format.reply,
      reasoning: undefined,
      inReasoning: false,
      inText: false,
      tools,
      nextId: () => 'x',
      spell: (text) => text,
    });
    const parts = [...parser.push(writeCalls(format, calls, tools)), ...parser.end()];
    expect(parts.map((part) => (part.type === 'tool-call' ? [part.call.name, part.call.arguments] : part))).toEqual(
      calls.map(({ name, argumentsText }) => [name, JSON.parse(argumentsText)]),
    );
  });
});
