import type { LanguageModel } from '@tokenwright/core';
import { booleanOption, checkInteger, checkList, customOption, type OptionsOf } from '@tokenwright/core/options';
import { logProbabilities } from '@tokenwright/core/sampling';
import { defineRule, thresholdOption } from '../define-rule.ts';
import { amongPlausible, weightedSum } from '../rule.ts';

const options = {
  /**
   * The early exits to choose from: every second layer of the lower or of the upper half, or a list of numbers of layers (0 = the
   * embeddings). A list may name layers that the model lacks; they are left out. Default `'low'`. `dola_layers` in Hugging Face.
   */
  dolaLayers: customOption<'low' | 'high' | readonly number[]>({
    kind: 'json',
    default: 'low',
    help: 'The early exits to choose from: low, high, or a list of numbers of layers',
    allowed: "'low', 'high' or a list of numbers of layers",
    check(owner, name, value) {
      if (value === 'low' || value === 'high') return value;
      const item = (layer: unknown, at: number): number => checkInteger(owner, `${name}[${at}]`, layer, 0);
      return checkList(owner, name, value, "'low', 'high' or a list of numbers of layers", { item });
    },
  }),
  /** Plausibility threshold, from 0 to 1: keeps tokens with `p >= relativeTop * max p`. Default 0.1. 0 turns it off. */
  relativeTop: thresholdOption(),
  /** Whether the model's head is its embedding. Then `'low'` leaves out the first layers, which only repeat the input. Default false. */
  tieWordEmbeddings: booleanOption({ default: false, help: "Whether the model's head is its embedding" }),
};

/** Options of {@link dola}. */
export type DolaOptions = OptionsOf<typeof options>;

/**
 * DoLa (Chuang et al. 2023, arXiv:2309.03883): what the last layer knows beyond an earlier layer of the same model.
 *
 *     score = ln p_last - ln p_early
 *
 * The early exit is chosen for each token: the one whose distribution q differs most from the last layer's p, by
 * `(KL(m, p) + KL(m, q)) / 2` with `m = (p + q) / 2`, as in the authors' code and in Hugging Face.
 *
 * @throws ParameterError, UnknownOptionError.
 * @example
 * ```ts
 * const model = combine({ expert, rule: dola({ dolaLayers: 'high' }) });
 * ```
 */
export const dola = defineRule({
  name: 'dola',
  summary: 'What the last layer knows beyond an earlier layer of the same model',
  source: 'Chuang et al. 2023, arXiv:2309.03883',
  options,
  create: ({ dolaLayers, relativeTop, tieWordEmbeddings }) => ({
    earlyExits: (expert) => earlyExits(expert, dolaLayers, tieWordEmbeddings),
    combine(expert, others) {
      const last = logProbabilities(expert);
      const exits = others.map(({ logits }) => logProbabilities(logits));
      const divergences = exits.map((exit) => divergence(last, exit));
      const chosen = exits[divergences.indexOf(Math.max(...divergences))]!;
      const early = weightedSum([{ values: chosen, weight: 1 }]);
      return amongPlausible(expert, relativeTop, (id) => last[id]! - early(id));
    },
  }),
});

function earlyExits({ layers: last }: LanguageModel, wanted: DolaOptions['dolaLayers'], tied: boolean): number[] {
  if (typeof wanted === 'object') return wanted.filter((layer) => layer < last);
  const half = Math.floor(last / 2);
  if (wanted === 'high') return evens(last > 40 ? last - 20 : half, last);
  const first = tied ? Math.min(2, Math.max(0, last - 1)) : 0;
  return first === half ? [first] : evens(first, last > 40 ? 20 : half);
}

/** Every second number from `first` up to but without `end`. */
function evens(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((end - first) / 2)) }, (_, i) => first + 2 * i);
}

/** Twice the mean of KL(m, p) and KL(m, q), for log-probabilities p and q and m = (p + q) / 2. */
function divergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let id = 0; id < p.length; id++) {
    const middle = (Math.exp(p[id]!) + Math.exp(q[id]!)) / 2;
    if (middle > 0) sum += middle * (2 * Math.log(middle) - p[id]! - q[id]!);
  }
  return sum;
}
