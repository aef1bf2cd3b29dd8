import { ParameterError } from '../../errors.ts';
import type { History } from '../../sampling/history.ts';
import type { Finish } from '../contract/finish.ts';
import { finishedByCondition } from '../contract/finish.ts';
import type { SequenceText, TextPush } from '../contract/sequence-text.ts';
import type { Row } from '../contract/strategy.ts';
import type { Plan } from './plan.ts';

/** Decides when a sequence ends: tokens, texts, conditions, lengths, time and the caller's signal. */
export class Limits {
  readonly began: number = performance.now();
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Maximum length of a prompt's sequences in tokens, prompt included. */
  maxLength(promptIndex: number): number {
    const { maxNewTokens, maxLength } = this.#plan.options;
    return Math.min(this.#plan.startLengths[promptIndex]! + maxNewTokens, maxLength);
  }

  /** Whether a sequence of this length has reached the minimum, so that any kind of stop may end it. */
  mayStop({ history, promptIndex }: Pick<Row, 'history' | 'promptIndex'>): boolean {
    const { minNewTokens, minLength } = this.#plan.options;
    return history.length - this.#plan.startLengths[promptIndex]! >= minNewTokens && history.length >= minLength;
  }

  /** How the last token of a sequence takes part in its text. */
  pushOf(history: History, promptIndex: number): TextPush {
    const silent = this.#plan.options.eosTokenIds.includes(history.at(-1)!);
    return { silent, mayStop: this.mayStop({ history, promptIndex }) };
  }

  /** Set when the call was aborted or is out of time. */
  get interrupted(): 'abort' | 'timeout' | undefined {
    const { signal, maxTime } = this.#plan.options;
    if (signal?.aborted === true) return 'abort';
    return performance.now() - this.began > maxTime ? 'timeout' : undefined;
  }

  /** How a sequence ends with its last token, or undefined when it continues. */
  finishOf(row: Row, text: SequenceText | undefined): Finish | undefined {
    const { eosTokenIds, stopWhen } = this.#plan.options;
    const id = row.history.at(-1)!;
    if (eosTokenIds.includes(id)) return { finishReason: 'stop', stopReason: id };
    if (text?.matched !== undefined) return { finishReason: 'stop', stopReason: text.matched };
    // The condition is called after every token, and counts from the minimum on.
    if (stopWhen !== undefined && this.#conditionHolds(row, id, text?.text ?? '') && this.mayStop(row))
      return finishedByCondition;
    const full = this.full(row);
    if (full !== undefined) return full;
    const { interrupted } = this;
    return interrupted === undefined ? undefined : { finishReason: interrupted };
  }

  /** How a sequence ends because no token may follow. */
  full({ history, promptIndex }: Pick<Row, 'history' | 'promptIndex'>): Finish | undefined {
    const { model, options } = this.#plan;
    if (history.length >= this.maxLength(promptIndex)) return { finishReason: 'length' };
    // The last position of the context gives a token too, which is not fed any more.
    if (options.onContextFull === 'stop' && history.length > model.contextLength)
      return { finishReason: 'length', stopReason: 'context' };
    return undefined;
  }

  #conditionHolds({ history, promptIndex, sequence }: Row, id: number, text: string): boolean {
    const promptLength = this.#plan.promptLengths[promptIndex]!;
    const elapsed = performance.now() - this.began;
    const answer: unknown = this.#plan.options.stopWhen!({
      history,
      promptLength,
      id,
      text,
      promptIndex,
      sequence,
      elapsed,
    });
    if (typeof answer === 'boolean') return answer;
    const got = answer instanceof Promise ? 'a promise (it must be synchronous)' : answer;
    throw new ParameterError('generate', 'stopWhen', 'a function that returns true or false', got);
  }
}
