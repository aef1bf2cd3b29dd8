import type { Explanation } from '../sampling/explain.ts';
import type { Json } from '../sampling/sampler.ts';
import type { TokenLogprob } from '../sampling/scores.ts';
import type { DecodingState } from './decoding-state.ts';
import type { OptionReport } from './options.ts';
import type { EndReason } from './stop.ts';

/** What a stream of `generate` tells. */
export type StreamEvent = TokenEvent | StepEvent | EndEvent;

/** A token was accepted. */
export interface TokenEvent {
  readonly type: 'token';
  /** Which prompt of the batch, from 0. */
  readonly promptIndex: number;
  /** Which of the prompt's returned sequences, from 0. */
  readonly sequence: number;
  readonly id: number;
  /** The text that this token made printable; '' while a character or a stop string may be unfinished. With a tokenizer. */
  readonly text?: string;
  /** The model's log-probability of the token, before any sampler; with option `logprobs`. */
  readonly logprob?: number;
  /** 1 when the model thought it the most probable; with option `logprobs`. */
  readonly rank?: number;
  /** The best tokens; with option `topLogprobs`. */
  readonly top?: readonly TokenLogprob[];
  /** The tokens of option `logprobsOf`. */
  readonly named?: readonly TokenLogprob[];
  /** What each stage of the chain did at this position; with option `explain`. */
  readonly explanation?: Explanation;
}

/** What may be known of a token besides its id. */
export type TokenDetails = Pick<TokenEvent, 'logprob' | 'rank' | 'top' | 'named' | 'explanation'>;

/** What a strategy did in one step; with option `steps`. The content is the strategy's own and is documented there. */
export interface StepEvent {
  readonly type: 'step';
  readonly promptIndex: number;
  readonly strategy: string;
  readonly detail: Json;
}

/** A sequence is complete; exactly one for each sequence. */
export interface EndEvent {
  readonly type: 'end';
  readonly promptIndex: number;
  readonly sequence: number;
  readonly reason: EndReason;
  /** New tokens, the one that ended the sequence included. */
  readonly ids: readonly number[];
  /** The new text: without stop strings and control tokens. With a tokenizer. */
  readonly text?: string;
  /** The end of `text` that no token event has carried, because it was held back. With a tokenizer. */
  readonly tail?: string;
  /** The strategy's own score of the sequence, if it has one. */
  readonly score?: number;
  readonly usage: Usage;
  readonly timing: Timing;
  /** What was in force, and where each value came from. */
  readonly options: OptionReport;
}

export interface Usage {
  readonly promptTokens: number;
  /** Tokens of the prompt that a given cache held already. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** Tokens that a draft proposed; with speculative decoding. */
  readonly draftedTokens?: number;
  /** Those of them that were accepted. Divided by `draftedTokens`, the acceptance rate. */
  readonly acceptedTokens?: number;
}

/** Milliseconds. */
export interface Timing {
  /** From the call to the first token. */
  readonly prefill: number;
  /** From the call to the end of this sequence. */
  readonly total: number;
  /** Mean of the tokens after the first; 0 when there are none. */
  readonly perToken: number;
}

/**
 * What the reader of a stream may answer to a token event, through `stream.next(answer)`; it concerns the sequence of that
 * event. `force` and `ban` need a strategy that is `steerable` (sampling, speculation and contrastive search are). Where whole sequences
 * are settled at the end (beams, best of n), `stop` cuts the sequence short, and anything else is an UnsupportedError.
 */
export interface Control {
  /** End the sequence here, with reason 'predicate'. */
  readonly stop?: boolean;
  /** Take back this many of the call's last tokens, the one of the event included. Their text is void. */
  readonly rewind?: number;
  /** The next tokens, in order, instead of drawn ones. After a rewind they follow what is left. */
  readonly force?: readonly number[];
  /** Tokens that the next draw may not give. */
  readonly ban?: readonly number[];
  /** Receives a state that stands where the sequence stands now. The receiver disposes it. */
  readonly fork?: (state: DecodingState) => void;
}
