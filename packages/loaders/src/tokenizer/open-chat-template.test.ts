import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { files } from '../sources/model-source.ts';
import { chatTemplateOf, openChatTemplate } from './open-chat-template.ts';

describe('the chat template of a model', () => {
  const source = (contents: Record<string, unknown>): ReturnType<typeof files> =>
    files(
      Object.fromEntries(
        Object.entries(contents).map(([name, value]) => [
          name,
          new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)),
        ]),
      ),
      'model',
    );

  it('is in tokenizer_config.json, as a text or as a list', async () => {
    const config = { chat_template: 'A{{ bos_token }}', bos_token: { content: '<s>' } };
    const template = await openChatTemplate(source({ 'tokenizer_config.json': config }));
    expect([template?.sources.default, template?.specialTokens]).toEqual(['A{{ bos_token }}', { bos_token: '<s>' }]);
    const list = [
      { name: 'default', template: 'D' },
      { name: 'tool_use', template: 'T' },
    ];
    expect(chatTemplateOf({ chat_template: list }, 'm')?.names).toEqual(['default', 'tool_use']);
  });

  it('is in chat_template.jinja first, with others next to it', async () => {
    const template = await openChatTemplate(
      source({
        'tokenizer_config.json': { chat_template: 'A', eos_token: '</s>' },
        'special_tokens_map.json': { bos_token: '<s>' },
        'chat_template.jinja': 'J{{ bos_token }}{{ eos_token }}',
        'additional_chat_templates/rag.jinja': 'R',
      }),
    );
    expect(template?.names).toEqual(['default', 'rag']);
    expect(template?.sources.default).toBe('J{{ bos_token }}{{ eos_token }}');
    expect(template?.specialTokens).toEqual({ bos_token: '<s>', eos_token: '</s>' });
    expect((await openChatTemplate(source({ 'chat_template.json': { chat_template: 'P' } })))?.sources.default).toBe(
      'P',
    );
  });

  it('has the special tokens that a model names itself', async () => {
    const template = await openChatTemplate(
      source({
        'tokenizer_config.json': {
          chat_template: 'A',
          bos_token: '<s>',
          eos_token: null,
          add_bos_token: true,
          boi_token: '<image>',
          image_token: { __type: 'AddedToken', content: '<i>' },
          extra_special_tokens: { think_start: '<think>' },
          model_specific_special_tokens: { audio_token: '<audio>' },
        },
      }),
    );
    expect(template?.specialTokens).toEqual({
      bos_token: '<s>',
      boi_token: '<image>',
      image_token: '<i>',
      think_start: '<think>',
      audio_token: '<audio>',
    });
  });

  it('keeps additional templates next to one in tokenizer_config.json', async () => {
    const template = await openChatTemplate(
      source({ 'tokenizer_config.json': { chat_template: 'A' }, 'additional_chat_templates/tool_use.jinja': 'T' }),
    );
    expect(template?.sources).toEqual({ default: 'A', tool_use: 'T' });
  });

  it.each(['__proto__', 'constructor', 'toString'])('may have any name: %s', async (name) => {
    const files = Object.fromEntries([[`additional_chat_templates/${name}.jinja`, 'T']]);
    const template = await openChatTemplate(source({ 'chat_template.jinja': 'A', ...files }));
    expect(template?.names).toEqual(['default', name]);
  });

  it('may be missing, or of a wrong kind', async () => {
    expect(await openChatTemplate(source({ 'tokenizer_config.json': {} }))).toBeUndefined();
    expect(() => chatTemplateOf({ chat_template: 5 }, 'm')).toThrow(LoadError);
    expect(() => chatTemplateOf({ chat_template: [{ name: 'x' }] }, 'm')).toThrow(
      /chat_template: must be a text, or a list/,
    );
  });
});
