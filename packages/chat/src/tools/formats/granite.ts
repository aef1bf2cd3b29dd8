import type { ToolFormat } from '../tool-format.ts';

/** `<|tool_call|>` and a JSON list. Source: the chat templates of Granite 3. */
export const granite: ToolFormat = {
  name: 'granite',
  models: 'Granite 3.0 to 3.3',
  tokens: ['<|tool_call|>'],
  recognizes: (template) =>
    template.includes('<|tool_call|>') && template.includes('<|start_of_role|>') && !template.includes('<|tool|>'),
  reply: {
    kind: 'marked',
    open: '<|tool_call|>',
    alsoOpen: ['<tool_call>'],
    list: true,
    call: [{ kind: 'call', name: ['name'], arguments: ['arguments'] }],
    between: ', ',
  },
};
