import { applyChatTemplate, Chat, chatML, createChatTemplate, encodeChat, ToolCallParser } from '@tokenwright/chat';
import { toyModel } from '@tokenwright/core/testing';
import { letters } from './core-targets.ts';
import { options, type Parameter, type Target, types } from './target.ts';

const toy = toyModel({ vocabSize: 8, contextLength: 4096 });

const messages: Parameter = {
  name: 'messages',
  type: types.list,
  valid: [{ role: 'user', content: 'ab' }],
};
const template: Parameter = { name: 'template', type: types.record, valid: chatML, alsoNamed: ['chat template'] };
const templateOptions: readonly Parameter[] = [
  // What is in them is the template's business, and so is its failure.
  { name: 'tools', type: types.list, alsoNamed: ['chat template'] },
  { name: 'addGenerationPrompt', type: types.flag },
  { name: 'template', type: types.text },
  { name: 'variables', type: types.record, alsoNamed: ['chat template'] },
];

const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };

/** Options of a reply with tool calls and reasoning. */
export const replyOptions: readonly Parameter[] = [
  // Errors of a tool name its place in the list.
  { name: 'tools', type: types.list, valid: [tool], alsoNamed: ['chat template'] },
  { name: 'toolChoice', type: types.any, valid: 'auto' },
  { name: 'parallelToolCalls', type: types.flag },
  { name: 'toolFormat', type: types.text, valid: 'hermes' },
  { name: 'reasoning', type: types.any, valid: false },
];

export const chatTargets: readonly Target[] = [
  {
    name: 'applyChatTemplate',
    parameters: [template, messages, options],
    options: templateOptions,
    call: (...given) => (applyChatTemplate as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'encodeChat',
    parameters: [
      {
        name: 'parts',
        type: types.record,
        valid: { tokenizer: letters, chatTemplate: chatML },
        alsoNamed: ['tokenizer', 'chatTemplate'],
      },
      messages,
      options,
    ],
    options: templateOptions,
    call: (...given) => (encodeChat as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'encodeChat: parts',
    open: true,
    parameters: [{ ...options, alsoNamed: ['parts', 'tokenizer'] }],
    options: [
      { name: 'tokenizer', type: types.record, valid: letters },
      { name: 'chatTemplate', type: types.record, valid: chatML, alsoNamed: ['chat template'] },
    ],
    call: (given) => encodeChat(given as never, [{ role: 'user', content: 'ab' }]),
  },
  {
    name: 'createChatTemplate',
    parameters: [
      { name: 'templates', type: (value) => types.text(value) || types.record(value), valid: 'x' },
      { name: 'specialTokens', type: types.record },
      { name: 'model', type: types.text },
    ],
    call: (...given) => (createChatTemplate as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'Chat',
    parameters: [
      {
        name: 'parts',
        type: types.record,
        valid: { model: toy, tokenizer: letters, chatTemplate: chatML },
        alsoNamed: ['model', 'tokenizer'],
      },
      options,
    ],
    options: [
      ...templateOptions.filter(({ name }) => name !== 'addGenerationPrompt' && name !== 'tools'),
      ...replyOptions,
    ],
    async call(parts, given) {
      const chat = new Chat(parts as never, given as never);
      try {
        for await (const _ of chat.send('a', { maxNewTokens: 1, seed: 1 }));
      } finally {
        chat.dispose();
      }
    },
  },
  {
    name: 'Chat.messages',
    parameters: [messages],
    call(given) {
      using chat = new Chat({ model: toy, tokenizer: letters, chatTemplate: chatML });
      chat.messages = given as never;
    },
  },
  {
    name: 'Chat.system',
    parameters: [{ name: 'system', type: types.text }],
    call(given) {
      using chat = new Chat({ model: toy, tokenizer: letters, chatTemplate: chatML });
      chat.system = given as never;
    },
  },
  {
    name: 'Chat.send',
    parameters: [{ name: 'content', type: types.text, valid: 'a', alsoNamed: ['positions'] }, options],
    options: [{ name: 'maxNewTokens', type: types.integer, valid: 1 }, ...replyOptions],
    async call(content, given) {
      using chat = new Chat({ model: toy, tokenizer: letters, chatTemplate: chatML });
      for await (const _ of chat.send(content as never, given as never));
    },
  },
  {
    name: 'Chat.sendToolResults',
    parameters: [{ name: 'results', type: types.list, valid: [{ content: 'a' }] }, options],
    options: [{ name: 'maxNewTokens', type: types.integer, valid: 1 }],
    async call(results, given) {
      using chat = new Chat({ model: toy, tokenizer: letters, chatTemplate: chatML });
      const calls = [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }];
      chat.messages = [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b', tool_calls: calls },
      ];
      for await (const _ of chat.sendToolResults(results as never, given as never));
    },
  },
  {
    name: 'Chat.continueFinalMessage',
    parameters: [options],
    options: [{ name: 'maxNewTokens', type: types.integer, valid: 1 }],
    async call(given) {
      using chat = new Chat({ model: toy, tokenizer: letters, chatTemplate: chatML });
      chat.messages = [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ];
      for await (const _ of chat.continueFinalMessage(given as never));
    },
  },
  {
    name: 'ToolCallParser',
    parameters: [{ ...options, alsoNamed: ['toolFormat'] }],
    options: [
      { name: 'chatTemplate', type: types.record, valid: undefined, alsoNamed: ['This model'] },
      { name: 'toolFormat', type: types.text, valid: 'hermes' },
      { name: 'tools', type: types.list, valid: [tool] },
      { name: 'tokenizer', type: types.record, valid: letters },
      { name: 'prompt', type: types.text, valid: '' },
    ],
    call: (given) => new ToolCallParser(given as never),
  },
];
