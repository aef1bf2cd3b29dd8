import type { ToolFormat } from '../tool-format.ts';

/** The name, then tags for the name and the value of each argument. Source: the chat templates of GLM-4.5 and 4.6. */
export const glm: ToolFormat = {
  name: 'glm4',
  models: 'GLM-4.5, GLM-4.6',
  tokens: ['<tool_call>', '</tool_call>', '<arg_key>', '</arg_key>', '<arg_value>', '</arg_value>'],
  recognizes: (template) => template.includes('<arg_key>'),
  reply: {
    kind: 'marked',
    call: [
      '<tool_call>',
      { kind: 'name' },
      '\n',
      { kind: 'parameters', begin: '<arg_key>', between: '</arg_key>\n<arg_value>', end: '</arg_value>\n' },
      '</tool_call>',
    ],
    between: '\n',
  },
};
