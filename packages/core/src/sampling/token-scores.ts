import { logSumExp, rankOf, topTokens } from './distribution.ts';

/** What to report about a token. */
export interface DescribeOptions {
  /** How many of the most probable tokens to list. Default 0. */
  readonly top?: number;
  /** Tokens whose log-probability is wanted whatever their rank. */
  readonly ids?: readonly number[];
  /** Of the distribution before any sampler, or of the one after all of them. Default 'raw'. */
  readonly mode?: 'raw' | 'processed';
}

/** A token with its log-probability, before any sampler or after all of them. */
export interface TokenLogprob {
  readonly id: number;
  /** Natural logarithm. */
  readonly logprob: number;
}

/** What the model, or the model and the samplers, gave a token. */
export interface TokenScores {
  readonly logprob: number;
  /** 1 for the most probable token. */
  readonly rank: number;
  readonly top?: readonly TokenLogprob[];
  readonly named?: readonly TokenLogprob[];
}

/** @param logits the model's, or those after the samplers, [V]. */
export function describeToken(logits: Float32Array, id: number, { top = 0, ids = [] }: DescribeOptions): TokenScores {
  const normalizer = logSumExp(logits);
  const scored = (token: number): TokenLogprob => ({ id: token, logprob: logits[token]! - normalizer });
  return {
    logprob: logits[id]! - normalizer,
    rank: rankOf(logits, id),
    ...(top > 0 ? { top: Array.from(topTokens(logits, top), scored) } : {}),
    ...(ids.length > 0 ? { named: ids.map(scored) } : {}),
  };
}
