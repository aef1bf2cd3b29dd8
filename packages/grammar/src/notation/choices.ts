import { ParameterError } from '@tokenwright/core';
import { utf8 } from '../expressions/utf8.ts';
import { Machine } from '../machine/machine.ts';

/**
 * One of the given texts.
 *
 * @example
 * ```ts
 * const verdict = choices(['yes', 'no', 'unknown']);
 * ```
 */
export function choices(texts: readonly string[]): Machine {
  if (!Array.isArray(texts) || texts.length === 0 || texts.some((text) => typeof text !== 'string'))
    throw new ParameterError('choices', 'texts', 'a list of texts that is not empty', texts);
  return new Machine((machine) => {
    const { make } = machine;
    const language = make.concat(make.literals([...new Set(texts)].map(utf8)), make.tag(0));
    return (then) => machine.begin(language, then);
  });
}
