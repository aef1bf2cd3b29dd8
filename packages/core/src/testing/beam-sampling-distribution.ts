import type { LanguageModel } from '../model/language-model.ts';
import { HostRow } from '../sampling/chain/host-row.ts';
import { applyChain } from '../sampling/chain/stages.ts';
import { logProbabilities } from '../sampling/distribution.ts';
import { History } from '../sampling/history.ts';
import { Random } from '../sampling/random.ts';
import { RunState } from '../sampling/run-state.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { logitsAfter, type SequenceDistribution } from './exact-distribution.ts';

export interface BeamSamplingOptions {
  readonly beams: number;
  /** All continuations have this length: no end tokens. */
  readonly maxNewTokens: number;
  /** Default []. */
  readonly samplers?: readonly Sampler[];
}

/** A partial continuation and the sum of its log-probabilities. */
interface Hypothesis {
  readonly history: History;
  readonly score: number;
}

/**
 * The true distribution of the best continuation of beam sampling. In each step, 2 * `beams` continuations of all hypotheses are sampled
 * without replacement, in proportion to their probabilities, and the best `beams` continue. In the last step, the best of the first
 * `beams` samples is the result. Computed by enumerating every set that can be sampled.
 */
export async function beamSamplingDistribution(
  model: LanguageModel,
  prompt: ArrayLike<number>,
  { beams, maxNewTokens, samplers = [] }: BeamSamplingOptions,
): Promise<SequenceDistribution> {
  const result = new Map<string, number>();
  const walk = async (hypotheses: readonly Hypothesis[], probability: number): Promise<void> => {
    const grown = (
      await Promise.all(hypotheses.map((hypothesis) => continuations(model, hypothesis, prompt.length, samplers)))
    ).flat();
    const last = grown[0]!.history.length === prompt.length + maxNewTokens;
    for (const [set, p] of sampledSets(grown, last ? beams : 2 * beams)) {
      const kept = set.sort((a, b) => b.score - a.score).slice(0, beams);
      if (!last) {
        await walk(kept, probability * p);
        continue;
      }
      const key = Array.from(kept[0]!.history.tokens.subarray(prompt.length)).join(' ');
      result.set(key, (result.get(key) ?? 0) + probability * p);
    }
  };
  await walk([{ history: History.of(prompt), score: 0 }], 1);
  return result;
}

async function continuations(
  model: LanguageModel,
  { history, score }: Hypothesis,
  promptLength: number,
  samplers: readonly Sampler[],
): Promise<Hypothesis[]> {
  const row = new HostRow(await logitsAfter(model, history.tokens, promptLength), {
    history,
    sequence: 0,
    promptLength,
    vocabSize: model.vocabSize,
    eosTokenIds: [],
    maxLength: model.contextLength,
    random: new Random(0),
    state: new RunState(),
  });
  applyChain(row, samplers);
  return Array.from(logProbabilities(row.logits, row.candidates)).flatMap((logprob, id) =>
    logprob === -Infinity ? [] : [{ history: history.append(id), score: score + logprob }],
  );
}

/** Every set of `count` hypotheses that sampling without replacement can give, with its probability. */
function sampledSets(hypotheses: readonly Hypothesis[], count: number): [Hypothesis[], number][] {
  const weights = hypotheses.map(({ score }) => Math.exp(score));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sets = new Map<string, { readonly members: readonly number[]; readonly left: number; readonly p: number }>([
    ['', { members: [], left: total, p: 1 }],
  ]);
  for (let sampled = 0; sampled < Math.min(count, hypotheses.length); sampled++) {
    const grown: typeof sets = new Map();
    for (const { members, left, p } of sets.values())
      for (const [at, weight] of weights.entries()) {
        if (members.includes(at)) continue;
        const next = [...members, at].sort((a, b) => a - b);
        const key = next.join(' ');
        grown.set(key, { members: next, left: left - weight, p: (grown.get(key)?.p ?? 0) + (p * weight) / left });
      }
    sets = grown;
  }
  return [...sets.values()].map(({ members, p }) => [members.map((at) => hypotheses[at]!), p]);
}
