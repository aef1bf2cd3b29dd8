import { commonPrefix } from '../../model/advance.ts';
import type { EndEvent, TokenEvent } from '../contract/events.ts';
import type { Finish } from '../contract/finish.ts';
import { SequenceText } from '../contract/sequence-text.ts';
import type { ChosenToken, Row } from '../contract/strategy.ts';
import type { Plan } from './plan.ts';
import type { RunCache } from './run-cache.ts';
import { Sequence } from './sequence.ts';

/** The sequences that a call returns, and the events that report them. */
export class Emission {
  readonly sequences: readonly Sequence[];
  readonly #plan: Plan;
  readonly #began: number;
  readonly #cachedTokens: readonly number[];
  #firstToken: number | undefined;

  constructor(plan: Plan, cache: RunCache, began: number) {
    this.#plan = plan;
    this.#began = began;
    const { numReturnSequences } = plan.options;
    this.sequences = plan.prompts.flatMap((history, promptIndex) =>
      Array.from(
        { length: numReturnSequences },
        (_, index) => new Sequence(promptIndex, index, history, this.openingText(promptIndex)),
      ),
    );
    this.#cachedTokens = plan.prompts.map((prompt, row) => commonPrefix(prompt.tokens, cache.tokens(row)));
  }

  /** The text of a prompt's sequences before the call's tokens. */
  openingText(promptIndex: number): SequenceText {
    const { options, prompts, state } = this.#plan;
    return SequenceText.open(options.tokenizer, prompts[promptIndex]!.tokens, options.stopStrings, state?.text);
  }

  sequenceOf(row: Row): Sequence {
    return this.sequences[row.promptIndex * this.#plan.options.numReturnSequences + row.sequence]!;
  }

  /** Append a token to a sequence. */
  token(sequence: Sequence, { history, details, guessed }: ChosenToken): TokenEvent {
    const { eosTokenIds, tokenizer } = this.#plan.options;
    const id = history.at(-1)!;
    this.#firstToken ??= performance.now();
    if (guessed === true) sequence.acceptedTokens++;
    sequence.push(history, eosTokenIds.includes(id));
    const { promptIndex, index } = sequence;
    const event: TokenEvent = { type: 'token', promptIndex, sequence: index, id, ...details };
    return tokenizer === undefined ? event : { ...event, text: sequence.text.piece };
  }

  /** End a sequence. */
  end(sequence: Sequence, finish: Finish, score?: number): EndEvent {
    const { promptIndex, index, history } = sequence;
    const { options, report, startLengths } = this.#plan;
    const state = index === 0 ? this.#plan.state : undefined;
    // A state that a later call may continue keeps its unprinted text. Otherwise that text is printed as it is.
    const isOver = typeof finish.stopReason === 'number' || sequence.text.matched !== undefined;
    const continues = state !== undefined && !isOver;
    state?.moveTo(history, continues ? sequence.text.suspend() : undefined);
    const text = continues ? sequence.text : sequence.text.flush();
    sequence.ended = true;
    const promptTokens = startLengths[promptIndex]!;
    const ids = Array.from(history.tokens.subarray(promptTokens));
    const now = performance.now();
    const firstToken = this.#firstToken ?? now;
    return {
      type: 'end',
      promptIndex,
      sequence: index,
      ...finish,
      ids,
      ...(options.tokenizer === undefined ? {} : { text: text.text, tail: continues ? '' : text.piece }),
      ...(score === undefined ? {} : { score }),
      usage: {
        promptTokens,
        cachedTokens: this.#cachedTokens[promptIndex]!,
        completionTokens: ids.length,
        ...(sequence.draftedTokens === undefined
          ? {}
          : { draftedTokens: sequence.draftedTokens, acceptedTokens: sequence.acceptedTokens }),
      },
      timing: {
        prefill: firstToken - this.#began,
        total: now - this.#began,
        perToken: ids.length > 1 ? (now - firstToken) / (ids.length - 1) : 0,
      },
      options: report,
    };
  }
}
