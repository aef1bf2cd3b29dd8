import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { checkIds, endsWith, force, refuseOutside } from '../shared/token-ids.ts';

export interface ThinkingBudgetOptions {
  /** Tokens that begin the thinking. */
  readonly start: readonly number[];
  /** Tokens that end it. */
  readonly end: readonly number[];
  /** Tokens that may stand between the two, at least 0. */
  readonly budget: number;
  /** What is forced when the budget is spent: a closing remark and the end. Default: only `end`. It must end with `end`. */
  readonly closing?: readonly number[];
}

/**
 * Bound what a model thinks before it answers: once `budget` tokens stand after the start marker, the end marker is forced
 * token by token (llama.cpp `reasoning-budget`, vLLM `thinking_token_budget`). Each further thinking part has the same
 * budget. A marker in the prompt counts, so a chat template may open the thinking.
 *
 * When the text already ends with a beginning of what is forced, only the rest is forced. A forced token is forced also
 * when an earlier stage had removed it. All is read from the text, so branches and rewinds need nothing stored.
 * An id outside the vocabulary is an error when the stage is applied.
 */
export function thinkingBudget(options: ThinkingBudgetOptions): HostSampler {
  checkOptionNames('thinkingBudget', options, ['start', 'end', 'budget', 'closing']);
  const start = checkIds('thinkingBudget', 'start', options.start);
  const end = checkIds('thinkingBudget', 'end', options.end);
  const budget = checkInteger('thinkingBudget', 'budget', options.budget, 0);
  const closing = checkIds('thinkingBudget', 'closing', options.closing ?? end);
  if (!endsWith(closing, closing.length, end))
    throw new ParameterError('thinkingBudget', 'closing', 'a list that ends with the end marker', closing);
  return {
    name: 'thinking-budget',
    parameters: { start, end, budget, closing },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: false,
    },
    onHost: (logits, { history }) => {
      refuseOutside('thinkingBudget', 'closing', closing, logits.length);
      const { tokens } = history;
      const opened = openedAt(tokens, start, end);
      if (opened < 0 || tokens.length - opened < budget) return;
      let done = Math.min(closing.length - 1, tokens.length - opened);
      while (!endsWith(tokens, tokens.length, closing.slice(0, done))) done--;
      force(logits, [closing[done]!]);
    },
  };
}

/** Where the thinking that is still open begins, after its marker; -1 when none is open. */
function openedAt(tokens: Int32Array, start: readonly number[], end: readonly number[]): number {
  let opened = -1;
  let closed = 0;
  for (let length = 1; length <= tokens.length; length++) {
    // A marker lies wholly on one side of the marker before it.
    if (opened < 0) {
      if (length - start.length >= closed && endsWith(tokens, length, start)) opened = length;
    } else if (length - end.length >= opened && endsWith(tokens, length, end)) {
      opened = -1;
      closed = length;
    }
  }
  return opened;
}
