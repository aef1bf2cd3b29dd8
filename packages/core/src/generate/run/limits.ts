import { ParameterError } from '../../errors.ts';
import type { Finish } from '../contract/finish.ts';
import { finishedByCondition } from '../contract/finish.ts';
import type { SequenceText } from '../contract/sequence-text.ts';
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
    if (stopWhen !== undefined && this.#conditionHolds(row, id, text?.text ?? '')) return finishedByCondition;
    const full = this.full(row);
    if (full !== undefined) return full;
    const { interrupted } = this;
    return interrupted === undefined ? undefined : { finishReason: interrupted };
  }

  /** How a sequence ends because no token may follow. */
  full({ history, promptIndex }: Pick<Row, 'history' | 'promptIndex'>): Finish | undefined {
    const { model, options } = this.#plan;
    if (history.length >= this.maxLength(promptIndex)) return { finishReason: 'length' };
    if (options.onContextFull === 'stop' && history.length >= model.contextLength)
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
