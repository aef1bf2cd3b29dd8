import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import type { Draft, Drafter } from './drafter.ts';

export interface PromptLookupOptions {
  /** Length of the longest ending that is looked for, at least 1. Default 2. */
  readonly ngram?: number;
}

/**
 * Guess that what followed the last few tokens before follows them again (Saxena 2023, "Prompt lookup decoding"): the longest ending of at
 * most `ngram` tokens that occurs earlier is continued as at its first occurrence, up to an end token. Needs no model;
 * good where the output quotes the input.
 *
 * Example: after 1 2 3 4 1 2 comes 3 4 1 2.
 */
export function promptLookup(options: PromptLookupOptions = {}): Drafter {
  checkOptionNames('promptLookup', options, ['ngram']);
  const ngram = checkInteger('promptLookup', 'ngram', options.ngram ?? 2, 1);
  return {
    name: 'prompt-lookup',
    parameters: { ngram },
    open: (run) => ({
      propose: async (rows, lengths) =>
        rows.map(({ history }, row) => drafted(history.tokens, ngram, lengths[row]!, run.options.eosTokenIds)),
      gather: () => {},
      dispose: () => {},
    }),
  };
}

function drafted(tokens: Int32Array, ngram: number, length: number, eosTokenIds: readonly number[]): Draft[] {
  for (let size = Math.min(ngram, tokens.length - 1); size > 0; size--) {
    const ending = tokens.subarray(tokens.length - size);
    for (let at = 0; at + size < tokens.length; at++) {
      if (!ending.every((id, i) => tokens[at + i] === id)) continue;
      const ids = Array.from(tokens.subarray(at + size, at + size + length));
      const end = ids.findIndex((id) => eosTokenIds.includes(id));
      return (end < 0 ? ids : ids.slice(0, end)).map((id) => ({ id }));
    }
  }
  return [];
}
