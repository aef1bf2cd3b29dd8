import { checkInteger, checkSignal } from '../check/check.ts';
import { checkIds } from '../check/lists.ts';
import { readOptions } from '../check/read-options.ts';
import { ContextLengthError } from '../errors.ts';
import { EventLoopYielder } from '../generate/run/yield-to-event-loop.ts';
import { checkModel } from '../model/check-model.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { checkReadsSource, visibleSource } from '../model/visible-source.ts';
import { HostRow } from '../sampling/chain/host-row.ts';
import type { RowContext } from '../sampling/chain/row-context.ts';
import { checkSamplers } from '../sampling/check-samplers.ts';
import { logSumExp, rankOf, topTokens } from '../sampling/distribution.ts';
import { History } from '../sampling/history.ts';
import { Random } from '../sampling/random.ts';
import { RunState } from '../sampling/run-state.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { TokenLogprob } from '../sampling/token-scores.ts';

export interface ScoreOptions {
  /** Number of leading tokens that are given, not scored. Default 1: nothing precedes the first token. */
  readonly promptLength?: number;
  /** A chain that is also applied to each distribution, to see its effect on this text. Default []. */
  readonly samplers?: readonly Sampler[];
  /** Seed of the samplers that use random numbers. Default 0. */
  readonly seed?: number;
  /** Number of most likely tokens to list per position. Default 0. */
  readonly top?: number;
  /** Maximum number of tokens in one forward pass. Default 128, which bounds the logits in memory. */
  readonly chunk?: number;
  readonly signal?: AbortSignal;
}

/** One token of a text as the model scores it. Logarithms are natural. */
export interface ScoredToken {
  readonly id: number;
  /** Number of tokens before it. */
  readonly position: number;
  /** The model's log-probability. */
  readonly logprob: number;
  /** Rank by the model's probability; 1 for the most likely token. */
  readonly rank: number;
  readonly top?: readonly TokenLogprob[];
  /** Log-probability after each stage of the chain; -Infinity after it is removed. */
  readonly stages?: readonly { readonly name: string; readonly logprob: number }[];
  /** Whether the token is possible after the chain. True without a chain. */
  readonly allowed: boolean;
}

export interface ScoredText {
  readonly tokens: readonly ScoredToken[];
  /** Sum of the log-probabilities. */
  readonly total: number;
  /** exp(-total / number of scored tokens); NaN when there are none. */
  readonly perplexity: number;
}

/**
 * Score a given text with a model in one parallel pass (teacher forcing). The result equals decoding the same text step
 * by step.
 *
 * @param text ids of the whole text, its prompt included.
 */
export async function score(
  model: LanguageModel,
  text: ArrayLike<number>,
  options: ScoreOptions = {},
): Promise<ScoredText> {
  checkModel('score', model);
  const {
    promptLength: promptSize = 1,
    samplers: chain = [],
    seed: key = 0,
    top: count = 0,
    chunk: size = 128,
    signal: given,
  } = readOptions('score', options, ['promptLength', 'samplers', 'seed', 'top', 'chunk', 'signal']);
  const ids = checkIds('score', 'ids', text, model.vocabSize, 1);
  // The last token is not fed.
  if (ids.length > model.contextLength + 1)
    throw new ContextLengthError(model.contextLength, ids.length - 1, 'The text');
  const samplers = checkSamplers('score', 'samplers', chain);
  checkReadsSource(model, samplers);
  const source = visibleSource(model, 0);
  const seed = checkInteger('score', 'seed', key, 0, Number.MAX_SAFE_INTEGER);
  const signal = given === undefined ? undefined : checkSignal('score', 'signal', given);
  const top = checkInteger('score', 'top', count, 0);
  const promptLength = checkInteger('score', 'promptLength', promptSize, 1, ids.length);
  const chunk = Math.min(model.maxTokens, checkInteger('score', 'chunk', size, 1));

  const yielder = new EventLoopYielder();
  const memory = new RunState();
  const random = new Random(seed);
  let history = History.of(Array.from(ids).slice(0, promptLength));
  const tokens: ScoredToken[] = [];
  const cache = model.createCache();
  cache.notePrompts?.([promptLength]);
  try {
    // The last token is scored by the tokens before it, so it is not fed.
    for (let from = 0; from < ids.length - 1; from += chunk) {
      await yielder.yieldToEventLoop();
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
            ...(source === undefined ? {} : { source }),
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
