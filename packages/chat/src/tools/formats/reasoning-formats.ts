import type { ReasoningFormat } from '../tool-format.ts';

/** Every known way to mark reasoning. The first that recognizes a template counts. */
export const reasoningFormats: readonly ReasoningFormat[] = [
  {
    name: 'harmony',
    open: '<|channel|>analysis<|message|>',
    close: '<|end|>',
    recognizes: (template) => template.includes('<|channel|>') && template.includes('<|message|>'),
  },
  {
    name: 'mistral',
    open: '[THINK]',
    close: '[/THINK]',
    recognizes: (template) => template.includes('[THINK]'),
  },
  {
    name: 'granite',
    open: '<think>',
    close: '</think>',
    answer: { open: '<response>', close: '</response>' },
    recognizes: (template) => template.includes('<think>') && template.includes('<response>'),
  },
  {
    name: 'kimi',
    open: '◁think▷',
    close: '◁/think▷',
    recognizes: (template) => template.includes('◁think▷'),
  },
  {
    name: 'think',
    open: '<think>',
    close: '</think>',
    recognizes: (template) => template.includes('<think>') || template.includes('</think>'),
  },
];

/** Variables with which templates switch reasoning on and off. */
export const reasoningSwitches: readonly string[] = ['enable_thinking', 'thinking'];

/** The reasoning that the source of a chat template shows; undefined for none. */
export function reasoningFormatOf(template: string): ReasoningFormat | undefined {
  return reasoningFormats.find(({ recognizes }) => recognizes(template));
}
