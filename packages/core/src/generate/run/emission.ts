import type { EndEvent, TokenEvent } from '../contract/events.ts';
import type { Finish } from '../contract/finish.ts';
import { SequenceText } from '../contract/sequence-text.ts';
import type { ChosenToken, Row } from '../contract/strategy.ts';
import type { Limits } from './limits.ts';
import type { Plan } from './plan.ts';
import type { PromptReuse } from './prompt-reuse.ts';
import { Sequence } from './sequence.ts';

/** The sequences that a call returns, and the events that report them. */
export class Emission {
  readonly sequences: readonly Sequence[];
  readonly #plan: Plan;
  readonly #limits: Limits;
  readonly #reuse: PromptReuse;
  #firstToken: number | undefined;

  constructor(plan: Plan, limits: Limits, reuse: PromptReuse) {
    this.#plan = plan;
    this.#limits = limits;
    this.#reuse = reuse;
    const { numReturnSequences } = plan.options;
    this.sequences = plan.prompts.flatMap((history, promptIndex) =>
      Array.from(
        { length: numReturnSequences },
        (_, index) => new Sequence(promptIndex, index, history, this.openingText(promptIndex)),
      ),
    );
  }

  /** The text of a prompt's sequences before the call's tokens. */
  openingText(promptIndex: number): SequenceText {
    const { options, prompts, state } = this.#plan;
    return SequenceText.open(options, prompts[promptIndex]!.tokens, state?.text);
  }

  sequenceOf(row: Row): Sequence {
    return this.sequences[row.promptIndex * this.#plan.options.numReturnSequences + row.sequence]!;
  }

  /** Append a token to a sequence. */
  token(sequence: Sequence, { history, details, guessed }: ChosenToken): TokenEvent {
    const { tokenizer } = this.#plan.options;
    const id = history.at(-1)!;
    this.#firstToken ??= performance.now();
    if (guessed === true) sequence.acceptedTokens++;
    const { promptIndex, index } = sequence;
    sequence.push(history, this.#limits.pushOf(history, promptIndex));
    const event: TokenEvent = { type: 'token', promptIndex, sequence: index, id, ...details };
    return tokenizer === undefined ? event : { ...event, text: sequence.text.piece };
  }

  /** End a sequence. */
  end(sequence: Sequence, finish: Finish, score?: number): EndEvent {
    const { promptIndex, index, history } = sequence;
    const { options, report, startLengths } = this.#plan;
    const state = index === 0 ? this.#plan.state : undefined;
    // A state that a later call may continue keeps its unprinted text, also what follows a stop string in the last token.
    // Otherwise that text is printed as it is.
    const continues = state !== undefined && typeof finish.stopReason !== 'number';
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
        cachedTokens: this.#reuse.of(promptIndex),
        completionTokens: ids.length,
        ...(sequence.draftedTokens === undefined
          ? {}
          : { draftedTokens: sequence.draftedTokens, acceptedTokens: sequence.acceptedTokens }),
      },
      timing: {
        prefill: firstToken - this.#limits.began,
        total: now - this.#limits.began,
        perToken: ids.length > 1 ? (now - firstToken) / (ids.length - 1) : 0,
      },
      options: report,
    };
  }
}
