import { integerOption, type OptionsOf, optional } from '@tokenwright/core/options';
import { type Draft, defineDrafter } from './drafter.ts';

const options = {
  /** Length of the longest n-gram that is looked up, an integer of at least 1. Default 2. */
  maxMatchingNgramSize: integerOption({
    min: 1,
    default: 2,
    suggested: 2,
    help: 'Length of the longest ending that is looked up',
  }),
  /** Tokens that are proposed per round, an integer of at least 1. Default: the strategy's `numAssistantTokens`. */
  promptLookupNumTokens: optional(
    integerOption({ min: 1, suggested: 10, help: "Tokens per round, in place of the strategy's numAssistantTokens" }),
  ),
};

export type PromptLookupOptions = OptionsOf<typeof options>;

/**
 * Propose the tokens that followed the same n-gram before. The longest ending of at most `maxMatchingNgramSize` tokens that also occurs
 * earlier is continued as it was at its first occurrence, up to an end token. Needs no model. Pays off where the output quotes the input.
 *
 * Example: 1 2 3 4 1 2 is continued with 3 4 1 2.
 *
 * @see Saxena 2023, "Prompt Lookup Decoding", https://github.com/apoorvumang/prompt-lookup-decoding
 * @example
 * ```ts
 * speculative({ draft: promptLookup({ promptLookupNumTokens: 10 }) });
 * ```
 */
export const promptLookup = defineDrafter({
  name: 'prompt-lookup',
  summary: 'Draft the tokens that followed the same n-gram earlier in the text',
  source: 'Saxena 2023, Prompt Lookup Decoding',
  options,
  create: ({ maxMatchingNgramSize, promptLookupNumTokens }) => ({
    ...(promptLookupNumTokens === undefined ? {} : { numAssistantTokens: promptLookupNumTokens }),
    open: (run) => ({
      propose: async (rows, lengths) =>
        rows.map(({ history }, row) =>
          lookUp(history.tokens, maxMatchingNgramSize, lengths[row]!, run.options.eosTokenIds),
        ),
      gather: () => {},
      dispose: () => {},
    }),
  }),
});

function lookUp(tokens: Int32Array, longest: number, length: number, eosTokenIds: readonly number[]): Draft[] {
  for (let size = Math.min(longest, tokens.length - 1); size > 0; size--) {
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
