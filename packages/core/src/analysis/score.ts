import { checkInteger, checkOptionNames } from '../check/check.ts';
import { ContextLengthError, ParameterError } from '../errors.ts';
import { EventLoopYielder } from '../generate/run/yield-to-event-loop.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { HostRow } from '../sampling/chain/host-row.ts';
import type { RowContext } from '../sampling/chain/row-context.ts';
import { logSumExp, rankOf, topTokens } from '../sampling/distribution.ts';
import { History } from '../sampling/history.ts';
import { Random } from '../sampling/random.ts';
import { RunState } from '../sampling/run-state.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { TokenLogprob } from '../sampling/token-scores.ts';

export interface ScoreOptions {
  /** Tokens at the start that are given, not scored. Default 1: a first token has nothing before it. */
  readonly promptLength?: number;
  /** A chain that each distribution also passes through, to see what it would have done with this text. Default []. */
  readonly samplers?: readonly Sampler[];
  /** Keys the random numbers of samplers that use them. Default 0. */
  readonly seed?: number;
  /** How many of the best tokens to list at each position. Default 0. */
  readonly top?: number;
  /** Most tokens in one forward pass. Default 128, which bounds the logits that are held at once. */
  readonly chunk?: number;
  readonly signal?: AbortSignal;
}

/** One token of a text as a model sees it. Logarithms are natural. */
export interface ScoredToken {
  readonly id: number;
  /** Tokens before it. */
  readonly position: number;
  /** The model's log-probability. */
  readonly logprob: number;
  /** 1 when the model thought it the most probable. */
  readonly rank: number;
  readonly top?: readonly TokenLogprob[];
  /** Log-probability after each stage of the chain; -Infinity once it is removed. */
  readonly stages?: readonly { readonly name: string; readonly logprob: number }[];
  /** Whether the chain leaves the token a chance. True without a chain. */
  readonly allowed: boolean;
}

export interface ScoredText {
  readonly tokens: readonly ScoredToken[];
  /** Sum of the log-probabilities. */
  readonly total: number;
  /** exp(-total / number of tokens); NaN when there are none. */
  readonly perplexity: number;
}

/**
 * Teacher forcing: what a model makes of a given text, in one parallel pass. Equal, token by token, to decoding the text
 * step by step.
 *
 * @param ids the text, with whatever stands before it.
 */
export async function score(
  model: LanguageModel,
  ids: ArrayLike<number>,
  options: ScoreOptions = {},
): Promise<ScoredText> {
  checkOptionNames('score', options, ['promptLength', 'samplers', 'seed', 'top', 'chunk', 'signal']);
  const { samplers = [], seed = 0, signal } = options;
  if (ids.length === 0) throw new ParameterError('score', 'ids', 'at least one token', ids);
  if (ids.length > model.contextLength) throw new ContextLengthError(model.contextLength, ids.length, 'The text');
  for (let i = 0; i < ids.length; i++) checkInteger('score', `ids[${i}]`, ids[i], 0, model.vocabSize - 1);
  const top = checkInteger('score', 'top', options.top ?? 0, 0);
  const promptLength = checkInteger('score', 'promptLength', options.promptLength ?? 1, 1, ids.length);
  const chunk = Math.min(model.maxTokens, checkInteger('score', 'chunk', options.chunk ?? 128, 1));

  const breather = new EventLoopYielder();
  const memory = new RunState();
  const random = new Random(seed);
  let history = History.of(Array.from(ids).slice(0, promptLength));
  const tokens: ScoredToken[] = [];
  const cache = model.createCache();
  cache.notePrompts?.([promptLength]);
  try {
    // The last token is scored by what stands before it, so it is not fed itself.
    for (let from = 0; from < ids.length - 1; from += chunk) {
      await breather.yieldToEventLoop();
      signal?.throwIfAborted();
      const part = Array.from({ length: Math.min(chunk, ids.length - 1 - from) }, (_, i) => ids[from + i]!);
      const scored = Math.max(0, from + part.length - (promptLength - 1));
      const result = model.forward([part], cache, { scored: Math.min(scored, part.length) });
      try {
        const count = result.scored[0]!;
        const logits = count === 0 ? undefined : await result.logits.read();
        for (let i = 0; i < count; i++) {
          const row = logits!.subarray(i * model.vocabSize, (i + 1) * model.vocabSize);
          const context: RowContext = {
            history,
            sequence: 0,
            promptLength,
            vocabSize: model.vocabSize,
            eosTokenIds: model.defaults.eosTokenIds ?? [],
            maxLength: model.contextLength,
            random,
            state: memory,
            ...(model.sources === undefined ? {} : { source: model.sources[0]! }),
          };
          const { token, next } = scoredToken(row, ids[history.length]!, samplers, context, top);
          tokens.push(token);
          history = next;
        }
      } finally {
        result.dispose();
      }
    }
  } finally {
    cache.dispose();
  }
  const total = tokens.reduce((sum, { logprob }) => sum + logprob, 0);
  return { tokens, total, perplexity: Math.exp(-total / tokens.length) };
}

function scoredToken(
  logits: Float32Array,
  id: number,
  samplers: readonly Sampler[],
  context: RowContext,
  top: number,
): { token: ScoredToken; next: History } {
  const normalizer = logSumExp(logits);
  const row = new HostRow(samplers.length === 0 ? logits : logits.slice(), context);
  const stages = samplers.map((sampler, index) => {
    row.apply(sampler, index);
    const logit = row.logits[id]!;
    return { name: sampler.name, logprob: logit === -Infinity ? logit : logit - logSumExp(row.logits, row.candidates) };
  });
  const token: ScoredToken = {
    id,
    position: context.history.length,
    logprob: logits[id]! - normalizer,
    rank: rankOf(logits, id),
    ...(top === 0
      ? {}
      : { top: Array.from(topTokens(logits, top), (best) => ({ id: best, logprob: logits[best]! - normalizer })) }),
    ...(samplers.length === 0 ? {} : { stages }),
    allowed: row.logits[id]! > -Infinity,
  };
  return { token, next: row.extend(id) };
}
