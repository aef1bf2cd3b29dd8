import type { ToolFormat } from '../tool-format.ts';

/**
 * A JSON list between `<|tool_call|>` and `<|/tool_call|>`. Models also begin it with `functools`, and leave the end out.
 * Source: the model card and the tokens of Phi-4-mini.
 */
export const phi4: ToolFormat = {
  name: 'phi4-mini',
  models: 'Phi-4-mini',
  tokens: ['<|tool_call|>', '<|/tool_call|>'],
  recognizes: (template) => template.includes('<|tool|>') || template.includes('functools'),
  reply: {
    kind: 'marked',
    open: '<|tool_call|>',
    alsoOpen: ['functools'],
    list: true,
    call: [{ kind: 'call', name: ['name'], arguments: ['arguments', 'parameters'] }],
    between: ', ',
    close: '<|/tool_call|>',
  },
  toolsInSystem: 'tools',
};
