import type { ToolFormat } from '../tool-format.ts';

/** `call:name{key:value}` with texts between two `<escape>`. Source: Google's guide to FunctionGemma. */
export const functionGemma: ToolFormat = {
  name: 'functiongemma',
  models: 'FunctionGemma (Gemma 3)',
  tokens: ['<start_function_call>', '<end_function_call>', '<escape>'],
  recognizes: (template) => template.includes('<start_function_call>'),
  reply: {
    kind: 'marked',
    call: ['<start_function_call>', 'call:', { kind: 'name' }, { kind: 'escaped' }, '<end_function_call>'],
    between: '',
  },
};
