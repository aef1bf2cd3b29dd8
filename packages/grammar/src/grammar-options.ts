import { ParameterError } from '@tokenwright/core';
import { customOption, isArray, isObject, type Option } from '@tokenwright/core/options';
import type { Automaton } from './machine/automaton.ts';
import type { Vocabulary } from './vocabulary/vocabulary.ts';

const automatonAllowed = 'an automaton, as of jsonSchema or regularExpression';
const vocabularyAllowed = 'a vocabulary, as of tokenizerVocabulary';

/** What a reply must be: `jsonSchema(...)`, `regularExpression(...)`, `gbnf(...)`, `choices(...)` or an automaton of your own. */
export const automatonOption: Option<Automaton, false> = customOption<Automaton>({
  kind: 'code',
  help: 'What the reply must be',
  allowed: automatonAllowed,
  check(owner, name, value) {
    if (
      isObject(value) &&
      'initial' in value &&
      ['step', 'accepting', 'key'].every((one) => typeof value[one] === 'function')
    )
      return value as unknown as Automaton;
    throw new ParameterError(owner, name, automatonAllowed, value);
  },
});

/** The tokens of the model as bytes: `tokenizerVocabulary(tokenizer)`. */
export const vocabularyOption: Option<Vocabulary, false> = customOption<Vocabulary>({
  kind: 'code',
  help: 'The tokens of the model as bytes',
  allowed: vocabularyAllowed,
  check(owner, name, value) {
    const isVocabulary =
      isObject(value) && Number.isInteger(value.size) && isArray(value.bytes) && value.bytes.length === value.size;
    if (isVocabulary) return value as unknown as Vocabulary;
    throw new ParameterError(owner, name, vocabularyAllowed, value);
  },
});
