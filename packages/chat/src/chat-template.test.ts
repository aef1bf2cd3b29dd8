import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { createTokenizer } from '@tokenwright/loaders';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, ChatOptions } from './chat-message.ts';
import { applyChatTemplate, encodeChat } from './chat-template.ts';
import { ChatTemplateError, type ChatTemplateReason } from './chat-template-error.ts';
import { createChatTemplate } from './create-chat-template.ts';

/** In the manner of ChatML. */
const plain = `{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

/** In the manner of instruction models that know two roles, and insist on their order. */
const strict = `{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {{- raise_exception('System role not supported') }}
{%- endif %}
{%- for message in messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Roles must alternate') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {{- '[INST] ' + message['content'] | trim + ' [/INST]' }}
    {%- elif message['role'] == 'assistant' %}
        {{- ' ' + message['content'] + eos_token }}
    {%- endif %}
{%- endfor %}`;

const user = { role: 'user', content: 'Hello' };
const assistant = { role: 'assistant', content: 'Hi.' };
const tokens = { bos_token: '<s>', eos_token: '</s>' };

describe('applyChatTemplate', () => {
  it('writes a chat as the model knows it', () => {
    const template = createChatTemplate(plain);
    expect(applyChatTemplate(template, [{ role: 'system', content: 'Be brief.' }, user])).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(applyChatTemplate(template, [user, assistant], { addGenerationPrompt: false })).toBe(
      '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi.<|im_end|>\n',
    );
  });

  it('gives the template special tokens, tools and further variables', () => {
    expect(applyChatTemplate(createChatTemplate(strict, tokens), [user, assistant, user])).toBe(
      '<s>[INST] Hello [/INST] Hi.</s>[INST] Hello [/INST]',
    );
    const template = createChatTemplate(
      "{{ tools is none }} {{ tools | tojson if tools }} {{ thinking }} {{ strftime_now('%Y') | length }}",
    );
    const variables = { thinking: false };
    expect(applyChatTemplate(template, [user], { variables })).toBe('True  False 4');
    expect(applyChatTemplate(template, [user], { variables, tools: [{ name: 'f' }] })).toBe(
      'False [{"name": "f"}] False 4',
    );
  });

  it('chooses among several templates', () => {
    const template = createChatTemplate({ default: 'plain', tool_use: 'tools', rag: 'documents' });
    expect(applyChatTemplate(template, [user])).toBe('plain');
    expect(applyChatTemplate(template, [user], { tools: [{}] })).toBe('tools');
    expect(applyChatTemplate(template, [user], { template: 'rag' })).toBe('documents');
    expect(() => applyChatTemplate(template, [user], { template: 'x' })).toThrow(
      /one of default, tool_use, rag, but 'x'/,
    );
  });

  it.each<[string, ChatTemplateReason, RegExp, () => unknown]>([
    ['there is no template', 'missing', /no chat template/, () => applyChatTemplate(undefined, [user])],
    [
      'the template refuses',
      'raised',
      /^m: its chat template refuses the messages: System role not supported$/,
      () => applyChatTemplate(createChatTemplate(strict, tokens, 'm'), [{ role: 'system', content: 'x' }, user]),
    ],
    [
      'it is not Jinja',
      'syntax',
      /'default' cannot be parsed/,
      () => applyChatTemplate(createChatTemplate('{% for %}'), [user]),
    ],
    [
      'it fails',
      'failed',
      /its chat template failed: /,
      () => applyChatTemplate(createChatTemplate('{{ messages.x.y.z }}{{ 1 | nothing }}'), [user]),
    ],
    [
      'it does not know a role, and leaves it out',
      'role',
      /leaves out message 2 and does not know the role 'critic'/,
      () =>
        applyChatTemplate(
          createChatTemplate("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"),
          [user, { role: 'critic', content: 'Bad.' }],
        ),
    ],
    [
      'it leaves out the system message',
      'role',
      /leaves out message 1 and does not know the role 'system'/,
      () =>
        applyChatTemplate(createChatTemplate('{{ messages[1].content }}'), [{ role: 'system', content: 'Be.' }, user]),
    ],
  ])('says that %s', (_, reason, message, work) => {
    expect(work).toThrow(message);
    expect(work).toThrow(ChatTemplateError);
    try {
      work();
    } catch (error) {
      expect((error as ChatTemplateError).reason).toBe(reason);
    }
  });

  it.each<[string, unknown, RegExp]>([
    ['no message', [], /messages must be a list of at least one/],
    ['a text', 'Hello', /messages must be a list/],
    ['a message without a role', [{ content: 'x' }], /messages\[0\] must be an object with a role/],
    ['a message without a content', [{ role: 'user' }], /messages\[0\]\.content must be a string/],
  ])('refuses %s', (_, messages, message) => {
    expect(() => applyChatTemplate(createChatTemplate(plain), messages as never)).toThrow(message);
    expect(() => applyChatTemplate(createChatTemplate(plain), messages as never)).toThrow(ParameterError);
  });

  it('refuses options that it does not know', () =>
    expect(() => applyChatTemplate(createChatTemplate(plain), [user], { addGenerationPromt: true } as never)).toThrow(
      /Did you mean 'addGenerationPrompt'/,
    ));
});

const each = (body: string): string => `{% for m in messages %}${body}{% endfor %}`;
const render = (source: string, messages: readonly object[], options: ChatOptions = {}): string =>
  applyChatTemplate(createChatTemplate(source, {}, 'm'), messages as ChatMessage[], options);
const errorOf = (work: () => unknown): ChatTemplateError => {
  try {
    work();
  } catch (error) {
    if (error instanceof ChatTemplateError) return error;
    throw error;
  }
  throw new Error('no error');
};

describe('messages in other forms than a template takes', () => {
  it.each<[string, string, string]>([
    [
      'takes a part out of it',
      "[{{ m.role }}]{{ m.content.replace('/fast', '').strip() }}",
      '[system]Be brief.  Please.[user]Hi',
    ],
    ['encodes it', '{{ m.role }}: {{ m.content | tojson }};', 'system: "Be brief. /fast Please.";user: "Hi";'],
    ['changes its case', '{{ m.content | upper }};', 'BE BRIEF. /FAST PLEASE.;HI;'],
    ['writes only its end', '{{ m.content[-7:] }};', 'Please.;Hi;'],
  ])('a system text is not left out by a template that %s', (_, body, expected) => {
    const messages = [
      { role: 'system', content: 'Be brief. /fast Please.' },
      { role: 'user', content: 'Hi' },
    ];
    expect(render(each(body), messages)).toBe(expected);
  });

  it('a system text of a switch alone is not left out by a template that takes the switch away', () => {
    const messages = [{ role: 'system', content: '/fast' }, user];
    expect(render(each("[{{ m.role }}]{{ m.content.replace('/fast', '') }}"), messages)).toBe('[system][user]Hello');
  });

  it('a developer is a system to a template that knows no developer', () => {
    const messages = [{ role: 'developer', content: 'Be brief.' }, user];
    expect(render(each('{{ m.role }}: {{ m.content }};'), messages)).toBe('developer: Be brief.;user: Hello;');
    const known = "{% if m.role in ['system', 'user'] %}{{ m.role }}: {{ m.content }};{% endif %}";
    expect(render(each(known), messages)).toBe('system: Be brief.;user: Hello;');
    const strictly =
      "{% if m.role not in ['system', 'user'] %}{{ raise_exception('Role?') }}{% endif %}{{ m.role }}:{{ m.content }};";
    expect(render(each(strictly), messages)).toBe('system:Be brief.;user:Hello;');
    const users = "{% if m.role == 'user' %}{{ m.content }}{% endif %}";
    expect(errorOf(() => render(each(users), messages))).toMatchObject({
      reason: 'role',
      message: "m: its chat template leaves out message 1 and does not know the role 'developer'",
    });
  });

  const parts = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'One,' },
        { type: 'text', text: ' two.' },
      ],
    },
  ];
  it.each<[string, string, string]>([
    ['adds texts', "{{ '<' + m.content + '>' }}", '<One, two.>'],
    ['prints the content', '<{{ m.content }}>', '<One, two.>'],
    ['joins values', "{{ '<' ~ m.content ~ '>' }}", '<One, two.>'],
    ['trims it', '<{{ m.content | trim }}>', '<One, two.>'],
    ['encodes it', '{{ m.content | tojson }}', '"One, two."'],
    ['takes texts only', '{% if m.content is string %}{{ m.content }}{% endif %}', 'One, two.'],
    ['reads parts', '{% for p in m.content %}<{{ p.text }}>{% endfor %}', '<One,>< two.>'],
    [
      'takes both',
      "{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{{ '[' + p['text'] + ']' }}{% endfor %}{% endif %}",
      '[One,][ two.]',
    ],
  ])('parts are one text to a template that knows none: it %s', (_, body, expected) => {
    expect(render(each(body), parts)).toBe(expected);
  });

  it('a part of another type is an error', () => {
    for (const type of ['image', 'image_url', 'input_audio'])
      expect(
        errorOf(() => render(each('{{ m.content }}'), [{ role: 'user', content: [{ type, url: 'x' }] }])),
      ).toMatchObject({
        reason: 'unsupported',
        message: expect.stringContaining(`messages[0].content[0] is a part of type '${type}'`),
      });
    expect(() => render('x', [{ role: 'user', content: ['text'] }])).toThrow(
      /messages\[0\]\.content\[0\] must be a part/,
    );
    expect(() => render('x', [{ role: 'user', content: [{ type: 'text' }] }])).toThrow(
      /content\[0\]\.text must be a string/,
    );
  });
});

describe('tool calls', () => {
  const call = (given: unknown, more: object = { content: '' }): object[] => [
    user,
    { role: 'assistant', tool_calls: [{ type: 'function', function: { name: 'get', arguments: given } }], ...more },
  ];
  const perCall = (body: string): string =>
    each(`{% for c in m.tool_calls or [] %}{% set a = c.function.arguments %}${body}{% endfor %}`);

  it.each<[string, string, string, string]>([
    ['encodes them', '{{ a | tojson }}', '{"city": "SF", "n": 1}', '{"city": "SF", "n": 1}'],
    ['lists them', '{% for k, v in a.items() %}{{ k }}={{ v }};{% endfor %}', 'city=SF;n=1;', 'city=SF;n=1;'],
    ['reads one', "{{ a['city'] ~ a.n }}", 'SF1', 'SF1'],
    ['trims them as text', "{{ '<' ~ a.strip() ~ '>' }}", '<{"city": "SF", "n": 1}>', '<{"city":"SF", "n":1}>'],
    ['adds them as text', "{{ '<' + a + '>' }}", '<{"city": "SF", "n": 1}>', '<{"city":"SF", "n":1}>'],
    [
      'asks for a text first',
      '{{ a if a is string else a | tojson }}',
      '{"city": "SF", "n": 1}',
      '{"city":"SF", "n":1}',
    ],
    [
      'asks for a mapping first',
      '{{ a | tojson if a is mapping else a }}',
      '{"city": "SF", "n": 1}',
      '{"city": "SF", "n": 1}',
    ],
    ['prints them', '{{ a }}', "{'city': 'SF', 'n': 1}", '{"city":"SF", "n":1}'],
  ])('arguments are encoded once by a template that %s', (_, body, fromObject, fromText) => {
    expect(render(perCall(body), call({ city: 'SF', n: 1 }))).toBe(fromObject);
    expect(render(perCall(body), call('{"city":"SF", "n":1}'))).toBe(fromText);
  });

  it('arguments keep their digits, their decimals and their order', () => {
    const text = '{"b": 12345678901234567890, "a": 1.0, "c": [1e5, null], "d": "\\u00e9"}';
    expect(render(perCall('{{ a | tojson }}'), call(text))).toBe(
      '{"b": 12345678901234567890, "a": 1.0, "c": [100000.0, null], "d": "é"}',
    );
    expect(render(perCall('{{ a | tojson }}'), call({ n: 12345678901234567890n }))).toBe('{"n": 12345678901234567890}');
    expect(() => render(perCall('{{ a | tojson }}'), call({ n: 2 ** 60 }))).toThrow(
      /messages\[1\].*arguments\.n must be an integer below 2\^53, or a bigint/,
    );
  });

  it('arguments that are not a JSON object stay texts', () => {
    for (const text of ['', 'city: SF', '[1]', '{"city":', '{"a":1}x'])
      expect(render(perCall('{{ a | tojson }}'), call(text))).toBe(JSON.stringify(text));
  });

  it('a message with them needs no content', () => {
    for (const more of [{}, { content: undefined }, { content: null }]) {
      expect(render(perCall('{{ a.city }}'), call({ city: 'SF' }, more))).toBe('SF');
      expect(render(each("{{ '<' + m.content + '>' }}"), call({ city: 'SF' }, more))).toBe('<Hello><>');
    }
    expect(() => render('x', [{ role: 'assistant' }])).toThrow(ParameterError);
  });

  it('members that are undefined vanish, as in JSON', () => {
    const tools = [{ function: { name: 'get', description: undefined } }];
    expect(render('{{ tools | tojson }}', [user], { tools })).toBe('[{"function": {"name": "get"}}]');
  });
});

describe('variables', () => {
  it('that the template does not read are an error with the nearest name', () => {
    const source = '{{ messages[0].content }}{% if enable_thinking is defined %}{{ enable_thinking }}{% endif %}';
    expect(render(source, [user], { variables: { enable_thinking: false } })).toBe('HelloFalse');
    expect(render(source, [user], { variables: { enable_thinking: undefined, other: undefined } })).toBe('Hello');
    expect(() => render(source, [user], { variables: { enable_thinkin: false } })).toThrow(
      /Did you mean 'enable_thinking'/,
    );
    expect(() => render(source, [user], { variables: { thinking_budget: 5 } })).toThrow(UnknownOptionError);
  });

  it('that arguments set are an error', () => {
    expect(() => render('x', [user], { variables: { messages: [] } })).toThrow(/variables\.messages must be left out/);
    expect(() => render('x', [user], { variables: { add_generation_prompt: false } })).toThrow(ParameterError);
    expect(() => render('{{ tools }}', [user], { tools: [], variables: { tools: [] } })).toThrow(ParameterError);
  });

  it('that are not data are an error', () => {
    expect(() => render('{{ f }}', [user], { variables: { f: () => 1 } })).toThrow(/variables\.f must be data/);
    expect(() => render('{{ f }}', [user], { variables: { f: new Map() } })).toThrow(/variables\.f must be plain data/);
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    expect(() => render('{{ f }}', [user], { variables: { f: circle } })).toThrow(/data of at most 100 levels/);
  });
});

describe('continueFinalMessage', () => {
  const open = [user, { role: 'assistant', content: '{"name":' }];
  it.each<[string, string, string]>([
    ['writes an end after it', plain, '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n{"name":'],
    ['trims it', each('[{{ m.content | trim }}]'), '[Hello][{"name":'],
    [
      'writes it as a part',
      each('[{% for p in m.content %}{{ p if p is string else p.text }}{% endfor %}]'),
      '[Hello][{"name":',
    ],
  ])('ends inside the last message of a template that %s', (_, source, expected) => {
    expect(render(source, open, { continueFinalMessage: true })).toBe(expected);
  });

  it('keeps the spaces that the template keeps', () => {
    const messages = [user, { role: 'assistant', content: ' a ' }];
    expect(render(each('[{{ m.content }}]'), messages, { continueFinalMessage: true })).toBe('[Hello][ a ');
    expect(render(each('[{{ m.content | trim }}]'), messages, { continueFinalMessage: true })).toBe('[Hello][a');
    const parts = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ];
    expect(render(each('[{{ m.content }}]'), parts, { continueFinalMessage: true })).toBe('[ab');
  });

  it('is refused where it cannot be', () => {
    expect(() => render(plain, open, { continueFinalMessage: true, addGenerationPrompt: true })).toThrow(
      ParameterError,
    );
    expect(() => render(plain, [user, { role: 'assistant', content: null }], { continueFinalMessage: true })).toThrow(
      ParameterError,
    );
    const error = errorOf(() => render('{{ messages[0].content }}', open, { continueFinalMessage: true }));
    expect(error).toMatchObject({ reason: 'failed', message: expect.stringContaining('cannot be continued') });
  });
});

describe('errors of a template', () => {
  it('have its line', () => {
    expect(errorOf(() => render('a\n{{ b.c }}', [user]))).toMatchObject({
      reason: 'failed',
      line: 2,
      message: "m: its chat template failed: 'b' is undefined (line 2)",
    });
    expect(errorOf(() => render('\n\n{% include "x" %}', [user]))).toMatchObject({ reason: 'unsupported', line: 3 });
    expect(errorOf(() => render(`{{ 'x' * 10 ** 12 }}`, [user]))).toMatchObject({ reason: 'limit', line: 1 });
  });

  it('special tokens that a model lacks are empty texts', () => {
    expect(render("{{ bos_token }}{{ bos_token + 'a' }}{{ 'b' + eos_token }}{{ bos_token is defined }}", [user])).toBe(
      'abFalse',
    );
  });
});

it('encodeChat doubles no special token', () => {
  const vocab = Object.fromEntries(
    ['<s>', '</s>', '[', 'I', 'N', 'S', 'T', ']', ' ', '/', 'H', 'i'].map((text, id) => [text, id]),
  );
  const tokenizer = createTokenizer({
    model: { type: 'BPE', vocab, merges: [], unk_token: null },
    added_tokens: ['<s>', '</s>'].map((content, id) => ({ id, content, special: true })),
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
    },
  });
  const ids = encodeChat({ tokenizer, chatTemplate: createChatTemplate(strict, tokens) }, [
    { role: 'user', content: 'Hi' },
  ]);
  expect(ids.filter((id) => id === 0)).toEqual([0]);
  expect(ids[0]).toBe(0);
  expect(tokenizer.encode('<s>Hi').slice(0, 2)).toEqual([0, 0]);
  expect(() => encodeChat({ tokenizer: undefined, chatTemplate: undefined } as never, [user])).toThrow(/tokenizer/);
});
