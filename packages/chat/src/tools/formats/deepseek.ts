import type { ToolFormat } from '../tool-format.ts';

const tokens: readonly string[] = [
  '<｜tool▁calls▁begin｜>',
  '<｜tool▁call▁begin｜>',
  '<｜tool▁sep｜>',
  '<｜tool▁call▁end｜>',
  '<｜tool▁calls▁end｜>',
];

/** The type, the name, and the arguments in a fence. Source: the chat templates of DeepSeek V2.5, V3 and R1. */
export const deepSeek: ToolFormat = {
  name: 'deepseek',
  models: 'DeepSeek V2.5, V3, R1',
  tokens,
  recognizes: (template) => template.includes('<｜tool▁calls▁begin｜>') && template.includes('```json'),
  reply: {
    kind: 'marked',
    open: '<｜tool▁calls▁begin｜>',
    call: [
      '<｜tool▁call▁begin｜>function<｜tool▁sep｜>',
      { kind: 'name' },
      '\n```json\n',
      { kind: 'arguments' },
      '\n```<｜tool▁call▁end｜>',
    ],
    between: '\n',
    close: '<｜tool▁calls▁end｜>',
  },
};

/** The name and the arguments as they are. Source: the chat template of DeepSeek V3.1. */
export const deepSeekV31: ToolFormat = {
  name: 'deepseek-v3.1',
  models: 'DeepSeek V3.1',
  tokens,
  recognizes: (template) => template.includes('<｜tool▁calls▁begin｜>') && !template.includes('```json'),
  reply: {
    kind: 'marked',
    open: '<｜tool▁calls▁begin｜>',
    call: ['<｜tool▁call▁begin｜>', { kind: 'name' }, '<｜tool▁sep｜>', { kind: 'arguments' }, '<｜tool▁call▁end｜>'],
    between: '',
    close: '<｜tool▁calls▁end｜>',
  },
};
