import { ParameterError } from '@tokenwright/core';
import { checkList, checkString, customOption, isArray, type Option } from '@tokenwright/core/options';

/** A list of strings. It stays the caller's own list, because what is made of it is kept for the list. */
export function checkTexts(owner: string, name: string, value: unknown): readonly string[] {
  const item = (text: unknown, at: number): string => checkString(owner, `${name}[${at}]`, text);
  if (!isArray(value)) throw new ParameterError(owner, name, 'a list of strings', value);
  checkList(owner, name, value, 'a list of strings', { item });
  return value as readonly string[];
}

/**
 * `texts`: the text that each token adds, by id, which `vocabularyTexts(tokenizer)` gives. It is not part of a sampler's
 * parameters; `withTokenTexts` supplies it to chains that are read from JSON.
 */
export const texts: Option<readonly string[], false> = customOption<readonly string[]>({
  kind: 'token-texts',
  help: 'The text of each token, by id',
  allowed: 'a list of strings',
  check(owner, name, value) {
    return checkTexts(owner, name, value);
  },
});
