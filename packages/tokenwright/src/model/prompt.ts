import { ParameterError } from '@tokenwright/core';
import { readable } from '@tokenwright/core/options';
import type { Prompt } from './text-model.ts';

/** @throws ParameterError for anything but one text, or the ids of one, with what was probably meant. */
export function checkPrompt(owner: string, parameter: string, value: Prompt): void {
  if (typeof value === 'string') return;
  readable(owner, parameter, value, () => {
    if (isIds(value)) return;
    throw new ParameterError(owner, parameter, `one text, or the token ids of one${hintFor(value)}`, brief(value));
  });
}

/** @throws ParameterError for anything but a list of texts or of ids. */
export function checkPrompts(owner: string, value: readonly Prompt[]): void {
  readable(owner, 'prompts', value, () => {
    const isListOfPrompts =
      Array.isArray(value) &&
      Number.isInteger(value.length) &&
      value.length <= longestPrompt &&
      Array.from(value).every((prompt) => typeof prompt !== 'number');
    if (isListOfPrompts) return;
    throw new ParameterError(
      owner,
      'prompts',
      'a list of texts, or of lists of token ids (lm.generate takes a single one)',
      brief(value),
    );
  });
  Array.from(value).forEach((prompt, at) => {
    checkPrompt(owner, `prompts[${at}]`, prompt);
  });
}

/** Far more tokens than a context holds. A longer list was not filled. */
const longestPrompt = 2 ** 26;

function isIds(value: unknown): boolean {
  if (Array.isArray(value)) return value.length <= longestPrompt && value.every((id) => typeof id === 'number');
  return ArrayBuffer.isView(value) && 'length' in value;
}

function hintFor(value: unknown): string {
  if (Array.isArray(value)) {
    if (
      Array.from({ length: Math.min(16, Number(value.length) || 0) }, (_, at) => value[at]).some(
        (item) => typeof item === 'object' && item !== null && 'role' in item,
      )
    )
      return ' (lm.chat takes messages)';
    return ' (lm.generateBatch takes several)';
  }
  if (typeof value !== 'object' || value === null) return '';
  if ('then' in value) return ' (this is a promise: await it first)';
  return 'role' in value ? ' (lm.chat takes a list of messages)' : '';
}

function brief(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'then' in value ? 'a promise' : value;
}
