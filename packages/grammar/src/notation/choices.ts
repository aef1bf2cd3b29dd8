import { checkList, checkString } from '@tokenwright/core/options';
import { utf8 } from '../expressions/utf8.ts';
import { Machine } from '../machine/machine.ts';

/**
 * One of the given texts.
 *
 * @throws ParameterError for an empty list.
 * @example
 * ```ts
 * const verdict = choices(['yes', 'no', 'unknown']);
 * ```
 */
export function choices(texts: readonly string[]): Machine {
  const given = checkList('choices', 'texts', texts, 'a list of texts that is not empty', {
    least: 1,
    item: (text, at) => checkString('choices', `texts[${at}]`, text),
  });
  return new Machine((machine) => {
    const { make } = machine;
    const language = make.concat(make.literals([...new Set(given)].map(utf8)), make.tag(0));
    return (then) => machine.begin(language, then);
  });
}
