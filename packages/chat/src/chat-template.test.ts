import { ParameterError } from '@tokenwright/core';
import { createTokenizer } from '@tokenwright/loaders';
import { describe, expect, it } from 'vitest';
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
