import { ParameterError } from '@tokenwright/core';
import { customOption, type Option } from '@tokenwright/core/options';

/**
 * `texts`: the text that each token adds, by id, which `vocabularyTexts(tokenizer)` gives. It is not part of a sampler's
 * parameters; `withTokenTexts` supplies it to chains that are read from JSON.
 */
export const texts: Option<readonly string[], false> = customOption<readonly string[]>({
  kind: 'token-texts',
  help: 'The text of each token, by id',
  allowed: 'a list of strings',
  check(owner, name, value) {
    if (!Array.isArray(value)) throw new ParameterError(owner, name, 'a list of strings', value);
    return value;
  },
});
