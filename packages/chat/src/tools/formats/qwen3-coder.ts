import type { ToolFormat } from '../tool-format.ts';

/** A tag per argument, with the value as text. Source: the chat template of Qwen3-Coder. */
export const qwen3Coder: ToolFormat = {
  name: 'qwen3-coder',
  models: 'Qwen3-Coder, Qwen3-Next-Coder, Nemotron 3 Nano',
  tokens: ['<tool_call>', '</tool_call>'],
  recognizes: (template) => template.includes('<function=') && template.includes('<parameter='),
  reply: {
    kind: 'marked',
    alsoOpen: ['<function='],
    call: [
      '<tool_call>\n',
      '<function=',
      { kind: 'name' },
      '>\n',
      { kind: 'parameters', begin: '<parameter=', between: '>\n', end: '\n</parameter>\n' },
      '</function>\n',
      { kind: 'optional', parts: ['</tool_call>'], written: true },
    ],
    between: '\n',
  },
};
