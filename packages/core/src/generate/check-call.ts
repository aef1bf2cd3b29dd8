import { checkList, isTyped } from '../check/lists.ts';
import { isArray, readable } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';

/** Checks of the arguments of `generate` and its relatives, which say what was probably meant. */

/** @throws ParameterError for anything but one text. */
export function checkText(owner: string, value: unknown): void {
  if (typeof value === 'string') return;
  const hint = isArray(value)
    ? readable(owner, 'prompt', value, () => typeof value[0] === 'number')
      ? ' (generate takes token ids)'
      : ' (generateBatch takes several prompts, each as tokenizer.encode(text))'
    : '';
  throw new ParameterError(owner, 'prompt', `one text${hint}`, value);
}

/**
 * Prompts as lists of ids. The ids themselves are checked against the vocabulary before anything is fed.
 *
 * @throws ParameterError for text where ids are needed, and for anything but lists.
 */
export function checkPrompts(
  owner: string,
  value: ArrayLike<number> | readonly ArrayLike<number>[],
  parameter = 'prompt',
): readonly ArrayLike<number>[] {
  if (typeof (value as unknown) === 'string')
    throw new ParameterError(
      owner,
      parameter,
      'token ids (tokenizer.encode(text) gives them, or use generateText)',
      value,
    );
  const list = listOfIds(owner, parameter, value, 'token ids, a list of ids per row, or a decoding state');
  if (list.length === 0 || typeof list[0] === 'number') return [list as ArrayLike<number>];
  return checkRows(owner, parameter, list);
}

/** A list of prompts. */
export function checkRows(owner: string, parameter: string, value: unknown): readonly ArrayLike<number>[] {
  const item = (prompt: unknown, at: number): ArrayLike<number> => {
    const hint = typeof prompt === 'string' ? ' (tokenizer.encode(text) gives them)' : '';
    const ids = listOfIds(owner, `${parameter}[${at}]`, prompt, `a list of token ids${hint}`);
    return ids as ArrayLike<number>;
  };
  return checkList(owner, parameter, value, 'a list of lists of ids', { item });
}

/** A typed array as it is, or a copy of an array. */
function listOfIds(owner: string, parameter: string, value: unknown, allowed: string): ArrayLike<unknown> {
  return isTyped(value) ? value : checkList(owner, parameter, value, allowed);
}
