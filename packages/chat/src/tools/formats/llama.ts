import type { ToolFormat } from '../tool-format.ts';

/**
 * A reply that is one JSON object, after `<|python_tag|>` or without a mark. Source: Meta's prompt format of Llama 3.1, whose
 * template takes one call per message.
 */
export const llama: ToolFormat = {
  name: 'llama3',
  models: 'Llama 3.1, 3.2, 3.3',
  tokens: ['<|python_tag|>'],
  recognizes: (template) =>
    (template.includes('<|python_tag|>') || template.includes('"parameters": dictionary')) &&
    !template.includes('<function='),
  reply: {
    kind: 'marked',
    alsoOpen: ['<|python_tag|>'],
    call: [{ kind: 'call', name: ['name', 'function'], arguments: ['parameters', 'arguments'] }],
    between: '; ',
    bare: true,
    parallel: false,
  },
};
