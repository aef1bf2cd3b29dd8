import { ParameterError } from '@tokenwright/core';
import { codePoints } from '../expressions/utf8.ts';
import { Machine } from '../machine/machine.ts';
import { patternLanguage } from '../patterns/language.ts';

/**
 * The texts that a regular expression matches as a whole. The syntax is JavaScript's: characters, `.`, classes,
 * `\d \w \s \p{...}`, groups, `|`, quantifiers, `^`, `$` and look-ahead.
 *
 * @throws GrammarSyntaxError for what cannot be used: back references, look-behind, word borders.
 * @example
 * ```ts
 * const date = regularExpression('\\d{4}-\\d{2}-\\d{2}');
 * ```
 */
export function regularExpression(pattern: string): Machine {
  if (typeof pattern !== 'string')
    throw new ParameterError('regularExpression', 'pattern', 'a regular expression as a text', pattern);
  return new Machine((machine) => {
    const { make } = machine;
    const language = patternLanguage(pattern, { make, char: (set) => codePoints(make, set) }, true);
    return (then) => machine.begin(make.concat(language, make.tag(0)), then);
  });
}
