import type { ToolFormat } from '../tool-format.ts';

/** The id names the function and the number of the call. Source: Moonshot AI's guide to tool calls of Kimi K2. */
export const kimi: ToolFormat = {
  name: 'kimi-k2',
  models: 'Kimi K2',
  tokens: [
    '<|tool_calls_section_begin|>',
    '<|tool_call_begin|>',
    '<|tool_call_argument_begin|>',
    '<|tool_call_end|>',
    '<|tool_calls_section_end|>',
  ],
  recognizes: (template) =>
    template.includes('<|tool_calls_section_begin|>') ||
    (template.includes('tool_declare') && template.includes('<|im_middle|>')),
  reply: {
    kind: 'marked',
    open: '<|tool_calls_section_begin|>',
    call: [
      '<|tool_call_begin|>functions.',
      { kind: 'name' },
      ':',
      { kind: 'id', of: (name, number) => `functions.${name}:${number}` },
      '<|tool_call_argument_begin|>',
      { kind: 'arguments' },
      '<|tool_call_end|>',
    ],
    between: '',
    close: '<|tool_calls_section_end|>',
  },
};
