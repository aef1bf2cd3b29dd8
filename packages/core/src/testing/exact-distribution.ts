import type { LanguageModel } from '../model/language-model.ts';
import { visibleSource } from '../model/visible-source.ts';
import { HostRow } from '../sampling/chain/host-row.ts';
import { applyChain } from '../sampling/chain/stages.ts';
import { probabilities } from '../sampling/distribution.ts';
import { History } from '../sampling/history.ts';
import { Random } from '../sampling/random.ts';
import { RunState } from '../sampling/run-state.ts';
import type { Sampler } from '../sampling/sampler.ts';

export interface ExactDistributionOptions {
  /** Default []. */
  readonly samplers?: readonly Sampler[];
  /** Continuations are enumerated up to this length: up to vocabSize ^ maxNewTokens of them. */
  readonly maxNewTokens: number;
  /** Default []. */
  readonly eosTokenIds?: readonly number[];
  /** For chains that use random numbers of their own: the result is the distribution given this seed. Default 0. */
  readonly seed?: number;
}

/** The probability of each continuation, keyed by its ids joined with spaces. */
export type SequenceDistribution = ReadonlyMap<string, number>;

/**
 * The true distribution of sampling: every continuation of a prompt with its probability, found by enumeration. For small models and
 * lengths. It is also that of every strategy that keeps the distribution, such as speculative decoding. For others, see `bestOfDistribution`, `withoutReplacement` and `beamSamplingDistribution`.
 */
export async function exactDistribution(
  model: LanguageModel,
  prompt: ArrayLike<number>,
  { samplers = [], maxNewTokens, eosTokenIds = [], seed = 0 }: ExactDistributionOptions,
): Promise<SequenceDistribution> {
  const state = new RunState();
  const random = new Random(seed);
  const source = visibleSource(model, 0);
  const result = new Map<string, number>();
  let open: { readonly history: History; readonly probability: number }[] = [
    { history: History.of(prompt), probability: 1 },
  ];
  for (let length = 1; open.length > 0; length++) {
    const grown: typeof open = [];
    for (const { history, probability } of open) {
      const row = new HostRow(await logitsAfter(model, history.tokens, prompt.length), {
        history,
        sequence: 0,
        promptLength: prompt.length,
        vocabSize: model.vocabSize,
        eosTokenIds: eosTokenIds,
        maxLength: prompt.length + maxNewTokens,
        random,
        state,
        ...(source === undefined ? {} : { source }),
      });
      applyChain(row, samplers);
      for (const [id, p] of probabilities(row.logits, row.candidates).entries()) {
        if (p === 0) continue;
        const node = { history: row.extend(id), probability: probability * p };
        if (length < maxNewTokens && !eosTokenIds.includes(id)) grown.push(node);
        else result.set(Array.from(node.history.tokens.subarray(prompt.length)).join(' '), node.probability);
      }
    }
    open = grown;
  }
  return result;
}

/**
 * The distribution of the best of `count` independent samples; on ties, the first one.
 *
 * @param score of a continuation, larger is better.
 */
export function bestOfDistribution(
  distribution: SequenceDistribution,
  score: (ids: readonly number[]) => number,
  count: number,
): SequenceDistribution {
  const scored = [...distribution].map(([key, p]) => ({ key, p, score: score(idsOf(key)) }));
  const sum = (accepts: (other: number) => boolean): number =>
    scored.reduce((total, other) => total + (accepts(other.score) ? other.p : 0), 0);
  return new Map(
    scored.map(({ key, p, score: own }) => {
      const [below, upTo] = [sum((other) => other < own), sum((other) => other <= own)];
      return [key, ((upTo ** count - below ** count) * p) / (upTo - below)];
    }),
  );
}

/**
 * The distribution of the continuation at `place`, from 0, when different ones are sampled one after the other, each in proportion to its
 * probability among the remaining ones.
 */
export function withoutReplacement(distribution: SequenceDistribution, place: number): SequenceDistribution {
  const keys = [...distribution.keys()];
  const result = new Map(keys.map((key) => [key, 0]));
  const walk = (taken: ReadonlySet<string>, left: number, probability: number, depth: number): void => {
    for (const key of keys) {
      if (taken.has(key)) continue;
      const p = distribution.get(key)!;
      const here = (probability * p) / left;
      if (depth === place) result.set(key, result.get(key)! + here);
      else walk(new Set([...taken, key]), left - p, here, depth + 1);
    }
  };
  walk(
    new Set(),
    keys.reduce((sum, key) => sum + distribution.get(key)!, 0),
    1,
    0,
  );
  return result;
}

/** The ids of a key of a distribution. */
export function idsOf(key: string): number[] {
  return key === '' ? [] : key.split(' ').map(Number);
}

export interface FitResult {
  /** Sum of (observed - expected)^2 / expected over the cells. */
  readonly statistic: number;
  /** Cells minus one. */
  readonly degrees: number;
  /** Probability of a statistic of at least this size if the samples follow the distribution. */
  readonly p: number;
}

/**
 * Pearson's chi-square test of samples against a distribution. Continuations that are expected fewer than 5 times share a cell. A sample
 * that the distribution excludes gives an infinite statistic.
 */
export function chiSquareTest(samples: readonly (readonly number[])[], distribution: SequenceDistribution): FitResult {
  const counts = new Map<string, number>();
  for (const ids of samples) counts.set(ids.join(' '), (counts.get(ids.join(' ')) ?? 0) + 1);
  const cells: { observed: number; expected: number }[] = [];
  const rare = { observed: 0, expected: 0 };
  for (const [key, p] of distribution) {
    const [observed, expected] = [counts.get(key) ?? 0, p * samples.length];
    if (expected >= 5) cells.push({ observed, expected });
    else {
      rare.observed += observed;
      rare.expected += expected;
    }
  }
  if (rare.expected > 0) cells.push(rare);
  const impossible = [...counts.keys()].some((key) => !(distribution.get(key)! > 0));
  const statistic = impossible
    ? Infinity
    : cells.reduce((sum, { observed, expected }) => sum + (observed - expected) ** 2 / expected, 0);
  const degrees = Math.max(1, cells.length - 1);
  return { statistic, degrees, p: upperTail(statistic, degrees) };
}

/** Probability of a chi-square variable above `statistic` (Wilson and Hilferty 1931). */
function upperTail(statistic: number, degrees: number): number {
  if (statistic === Infinity) return 0;
  const variance = 2 / (9 * degrees);
  const z = (Math.cbrt(statistic / degrees) - (1 - variance)) / Math.sqrt(variance);
  // The tail of the normal distribution (Abramowitz and Stegun 26.2.17).
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    ((0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))) *
      t *
      Math.exp((-z * z) / 2)) /
    Math.sqrt(2 * Math.PI);
  return z >= 0 ? tail : 1 - tail;
}

/** A model's logits after some tokens, of which the first `promptLength` were given: [V]. */
export async function logitsAfter(
  model: LanguageModel,
  tokens: Int32Array,
  promptLength: number,
): Promise<Float32Array> {
  const cache = model.createCache();
  cache.notePrompts?.([promptLength]);
  const result = model.forward([tokens], cache);
  try {
    return await result.logits.read();
  } finally {
    result.dispose();
    cache.dispose();
  }
}
