import type { Json, Tokenizer } from '@tokenwright/core';
import type { OptionDeclarations } from '@tokenwright/core/options';
import { badWordTokens } from '@tokenwright/samplers';
import { wordsOf } from './words.ts';

/** Parameters of the page as the factory takes them: sequences of tokens that are written as words become ids. */
export function completed(
  parameters: Readonly<Record<string, Json>>,
  options: OptionDeclarations,
  tokenizer: Tokenizer,
): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      const isWords = options[name]?.kind === 'token-lists' && !Array.isArray(value);
      return [name, isWords ? badWordTokens(tokenizer, wordsOf(String(value))) : value];
    }),
  );
}
