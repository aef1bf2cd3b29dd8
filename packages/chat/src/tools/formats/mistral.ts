import type { ToolFormat } from '../tool-format.ts';

/** `[TOOL_CALLS]` and a JSON list. Source: mistral-common, tokenizers v2 to v7. */
export const mistral: ToolFormat = {
  name: 'mistral',
  models: 'Mistral 7B v0.3, Nemo, Small 3.1, Large 2',
  tokens: ['[TOOL_CALLS]'],
  recognizes: (template) => template.includes('[TOOL_CALLS]') && !template.includes('[ARGS]'),
  reply: {
    kind: 'marked',
    open: '[TOOL_CALLS]',
    list: true,
    call: [{ kind: 'call', name: ['name'], arguments: ['arguments'] }],
    between: ', ',
  },
};

/** `[TOOL_CALLS]`, the name, `[ARGS]` and the arguments, once per call. Source: mistral-common, tokenizers v11 and later. */
export const mistralArguments: ToolFormat = {
  name: 'mistral-args',
  models: 'Mistral Small 3.2, Magistral 1.1, Devstral, Ministral 3',
  tokens: ['[TOOL_CALLS]', '[CALL_ID]', '[ARGS]'],
  recognizes: (template) => template.includes('[TOOL_CALLS]') && template.includes('[ARGS]'),
  reply: {
    kind: 'marked',
    call: [
      '[TOOL_CALLS]',
      { kind: 'name' },
      { kind: 'optional', parts: ['[CALL_ID]', { kind: 'id' }] },
      '[ARGS]',
      { kind: 'arguments' },
    ],
    between: '',
  },
};
