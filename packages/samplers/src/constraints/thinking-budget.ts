import { defineSampler, ParameterError } from '@tokenwright/core';
import { integerOption, type OptionsOf, optional, tokensOption } from '@tokenwright/core/options';
import { endsWith, force, refuseOutside } from '../shared/token-ids.ts';

const options = {
  /** Tokens that may be between the two markers, at least 0. */
  budget: integerOption({ min: 0, suggested: 200, help: 'Tokens that may be between the two markers' }),
  /** Tokens that begin the thinking. */
  start: tokensOption({ least: 1, suggested: [1], help: 'Tokens that begin the thinking' }),
  /** Tokens that end it. */
  end: tokensOption({ least: 1, suggested: [2], help: 'Tokens that end the thinking' }),
  /** The tokens forced when the budget is spent: a closing remark and the end. It must end with `end`. Default: `end`. */
  closing: optional(tokensOption({ least: 1, help: 'Tokens forced when the budget is spent; without them, the end' })),
};

export type ThinkingBudgetOptions = OptionsOf<typeof options>;

/**
 * Limit the thinking of a model before its answer: when `budget` tokens follow the start marker, the end marker is forced
 * token by token. Each further thinking part has the same budget. A marker in the prompt counts, so a chat template may
 * open the thinking.
 *
 * When the text already ends with a beginning of the forced tokens, only the rest is forced. A token is forced even when an
 * earlier stage removed it. Everything is read from the text, so branches and rewinds need nothing stored. An id outside
 * the vocabulary is an error when the stage is applied.
 *
 * @see llama.cpp, `reasoning-budget`; vLLM, `thinking_token_budget`
 * @example
 * ```ts
 * thinkingBudget({ budget: 200, start: [151667], end: [151668] });
 * ```
 */
export const thinkingBudget = defineSampler({
  name: 'thinking-budget',
  summary: 'End the thinking of a model after BUDGET tokens',
  source: 'llama.cpp, reasoning-budget; vLLM, thinking_token_budget',
  kind: 'constraint',
  options,
  create({ start, end, budget, closing: given }) {
    const closing = given ?? end;
    const named = given === undefined ? 'end' : 'closing';
    if (!endsWith(closing, closing.length, end))
      throw new ParameterError('thinkingBudget', 'closing', 'a list that ends with the end marker', closing);
    return {
      traits: { narrows: false },
      onHost(logits, { history }) {
        refuseOutside('thinkingBudget', named, closing, logits.length);
        const { tokens } = history;
        const opened = openedAt(tokens, start, end);
        if (opened < 0 || tokens.length - opened < budget) return;
        let done = Math.min(closing.length - 1, tokens.length - opened);
        while (!endsWith(tokens, tokens.length, closing.slice(0, done))) done--;
        force(logits, [closing[done]!]);
      },
    };
  },
});

/** The start of the thinking part that is still open, after its marker; -1 when none is open. */
function openedAt(tokens: Int32Array, start: readonly number[], end: readonly number[]): number {
  let opened = -1;
  let closed = 0;
  for (let length = 1; length <= tokens.length; length++) {
    // Markers do not overlap.
    if (opened < 0) {
      if (length - start.length >= closed && endsWith(tokens, length, start)) opened = length;
    } else if (length - end.length >= opened && endsWith(tokens, length, end)) {
      opened = -1;
      closed = length;
    }
  }
  return opened;
}
