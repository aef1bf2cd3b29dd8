import type { Explanation } from '../../sampling/chain/explain.ts';
import type { Json } from '../../sampling/sampler.ts';
import type { TokenLogprob } from '../../sampling/token-scores.ts';
import type { DecodingState } from './decoding-state.ts';
import type { Finish } from './finish.ts';
import type { OptionReport } from './options.ts';

/** An event of a `generate` stream. */
export type StreamEvent = TokenEvent | StepEvent | EndEvent;

/** A token was accepted. */
export interface TokenEvent {
  readonly type: 'token';
  /** Index of the prompt in the batch, from 0. */
  readonly promptIndex: number;
  /** Index of the sequence among the prompt's returned sequences, from 0. */
  readonly sequence: number;
  readonly id: number;
  /** The text that this token made printable; '' while a character or a stop string may be unfinished. With a tokenizer. */
  readonly text?: string;
  /** The model's log-probability of the token, before any sampler; with option `logprobs`. */
  readonly logprob?: number;
  /** The token's rank in the model's distribution, 1 for the most probable; with option `logprobs`. */
  readonly rank?: number;
  /** The most probable tokens; with option `topLogprobs`. */
  readonly top?: readonly TokenLogprob[];
  /** The tokens of option `logprobsOf`. */
  readonly named?: readonly TokenLogprob[];
  /** The effect of each stage of the chain at this position; with option `explain`. */
  readonly explanation?: Explanation;
}

/** What can be known about a token besides its id. */
export type TokenDetails = Pick<TokenEvent, 'logprob' | 'rank' | 'top' | 'named' | 'explanation'>;

/** What a strategy did in one step; with option `steps`. Each strategy documents its own `detail`. */
export interface StepEvent {
  readonly type: 'step';
  readonly promptIndex: number;
  readonly strategy: string;
  readonly detail: Json;
}

/** A sequence is complete; exactly one per sequence. */
export interface EndEvent extends Finish {
  readonly type: 'end';
  readonly promptIndex: number;
  readonly sequence: number;
  /** New tokens, including the one that ended the sequence. */
  readonly ids: readonly number[];
  /** The new text, without stop strings and control tokens. With a tokenizer. */
  readonly text?: string;
  /** The end of `text` that no token event carried because it was held back. With a tokenizer. */
  readonly tail?: string;
  /** The strategy's own score of the sequence, if it has one. */
  readonly score?: number;
  readonly usage: Usage;
  readonly timing: Timing;
  /** The options in force, and where each value came from. */
  readonly options: OptionReport;
}

/** Token counts of one sequence. */
export interface Usage {
  readonly promptTokens: number;
  /** Prompt tokens that were not computed, because a given cache already held them. The last token is always computed. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** Tokens that a draft proposed; with speculative decoding. */
  readonly draftedTokens?: number;
  /** Drafted tokens that were accepted. Divided by `draftedTokens`, this is the acceptance rate. */
  readonly acceptedTokens?: number;
}

/** Milliseconds. */
export interface Timing {
  /** From the call to the first token. */
  readonly prefill: number;
  /** From the call to the end of this sequence. */
  readonly total: number;
  /** Mean over the tokens after the first; 0 when there are none. */
  readonly perToken: number;
}

/**
 * What the reader of a stream may answer to a token event, through `stream.next(control)`. It concerns the sequence of that
 * event. `force` and `ban` need a strategy that supports control (sampling, speculation and contrastive search do). Where
 * whole sequences are emitted at the end (beams, best of n), `stop` cuts the sequence short, and anything else is an
 * UnsupportedError.
 */
export interface Control {
  /** End the sequence here, with stop reason 'condition'. */
  readonly stop?: boolean | undefined;
  /** Take back this many of the call's last tokens, including the one of the event. Their text is void. */
  readonly rewind?: number | undefined;
  /** The next tokens, in order, in place of sampled ones. After a rewind they follow the tokens that are left. */
  readonly force?: readonly number[] | undefined;
  /** Tokens that must not be sampled next. */
  readonly ban?: readonly number[] | undefined;
  /** Receives a decoding state at the sequence's present position. The receiver disposes it. */
  readonly fork?: ((state: DecodingState) => void) | undefined;
}
