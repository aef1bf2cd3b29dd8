/**
 * Why a sequence ended, in the words of OpenAI and vLLM.
 *
 * - `stop`: an end token, a stop string, the application's own condition, or a strategy that has its result.
 * - `length`: `maxNewTokens`, `maxLength` or the model's context.
 * - `abort`: the signal.
 * - `timeout`: `maxTime`.
 */
export type FinishReason = 'stop' | 'length' | 'abort' | 'timeout';

/**
 * What exactly ended the sequence: the id of the end token, the stop string that matched, `'condition'` (`stopWhen`, or a
 * reader that answered `stop`), `'strategy'` (a beam search whose hypotheses cannot improve) or `'context'` (the model's
 * context is full). Undefined for the other ends.
 */
export type StopReason = number | string | undefined;

/** How a sequence ended. */
export interface Finish {
  readonly finishReason: FinishReason;
  readonly stopReason?: StopReason;
}

/** A sequence that the strategy declares complete. */
export const finishedByStrategy: Finish = { finishReason: 'stop', stopReason: 'strategy' };

/** A sequence that the application's condition, or the reader, ended. */
export const finishedByCondition: Finish = { finishReason: 'stop', stopReason: 'condition' };

/**
 * How a sequence ended, as a phrase for a person.
 *
 * @example
 * ```ts
 * describeFinish({ finishReason: 'length', stopReason: 'context' }); // 'the context is full'
 * ```
 */
export function describeFinish({ finishReason, stopReason }: Finish): string {
  if (finishReason === 'abort') return 'stopped';
  if (finishReason === 'timeout') return 'the time limit was reached';
  if (finishReason === 'length')
    return stopReason === 'context' ? 'the context is full' : 'the token limit was reached';
  if (typeof stopReason === 'number') return 'the model ended the text';
  if (stopReason === 'condition') return 'a condition ended the text';
  if (stopReason === 'strategy') return 'the search is complete';
  return `the stop string ${JSON.stringify(stopReason)} was found`;
}
