import { defineSampler, type HostSampler, ParameterError } from '@tokenwright/core';
import {
  checkString,
  customOption,
  integerOption,
  isArray,
  type OptionsOf,
  type OptionValues,
  optional,
} from '@tokenwright/core/options';
import { exponential, logSumExp } from '@tokenwright/core/sampling';
import { fallingOrder } from '../shared/falling-order.ts';
import { checkTexts } from '../shared/token-texts.ts';
import { mergePrefixes, orderTexts, type TextOrder } from './prefix-merger.ts';

const options = {
  /** The token that ends an infill. Default: the first end token of the run. */
  eosTokenId: optional(
    integerOption({ min: 0, help: 'The token that ends an infill; without it, the first end token of the run' }),
  ),
  /** The text of each token, as a list by id or as a function that must always give the same; '' for a token without. */
  text: customOption<readonly string[] | ((id: number) => string)>({
    kind: 'token-texts',
    help: 'The text of each token, by id',
    allowed: 'a function from id to text, or a list of strings',
    check(owner, name, value) {
      if (typeof value === 'function') return value as (id: number) => string;
      if (isArray(value)) return checkTexts(owner, name, value);
      throw new ParameterError(owner, name, 'a function from id to text, or a list of strings', value);
    },
  }),
};

export type InfillOptions = OptionsOf<typeof options>;

/**
 * For filling a gap in the middle of a text. Use it after top-k and top-p:
 *
 * 1. When 3 * n * P(end tokens) > P(other tokens), where n tokens are left, only end tokens stay.
 * 2. Otherwise tokens of which one text begins the other are merged into the likelier one.
 * 3. Tokens other than end tokens are removed when p < 0.2. When none is left, only `eosTokenId` stays, or the likeliest
 *    token if that was removed.
 * 4. The rest is normalized, and tokens with p < 1 / (number of others + 1) are removed.
 *
 * Merging only decides which tokens stay; they keep their own logits. A row with NaN, with +Infinity or with nothing left
 * stays as it is.
 *
 * @see llama.cpp, `infill`
 * @example
 * ```ts
 * infill({ text: vocabularyTexts(tokenizer) });
 * ```
 */
export const infill = defineSampler({
  name: 'infill',
  summary: 'For filling a gap in a text: end early, and merge tokens whose texts begin alike',
  source: 'llama.cpp, infill',
  kind: 'filter',
  options,
  create: (values) => infillForm(values),
});

/** @param merged whether a token into which others were merged gets their mass. */
export function infillForm(
  { text, eosTokenId }: OptionValues<typeof options>,
  merged = false,
): Omit<HostSampler, 'name'> {
  const textOf =
    typeof text === 'function'
      ? (id: number): string => checkString('infill', `text(${id})`, text(id))
      : (id: number): string => text[id] ?? '';
  let whole: TextOrder | undefined;
  /** Few candidates are ordered at each step; for many, the whole vocabulary is ordered once. */
  const orderOf = (candidates: Int32Array, vocabSize: number): TextOrder => {
    if (candidates.length <= 1024) return orderTexts(candidates, textOf);
    if (whole?.ids.length !== vocabSize)
      whole = orderTexts(
        Int32Array.from({ length: vocabSize }, (_, id) => id),
        textOf,
      );
    return whole;
  };
  return {
    traits: { narrows: true },
    onHost(logits, step) {
      const { candidates, eosTokenIds } = step;
      const normalizer = logSumExp(logits, candidates);
      if (!Number.isFinite(normalizer)) return;
      const falling = fallingOrder(logits, candidates);
      const p = new Float64Array(logits.length);
      let total = 0;
      for (let i = 0; i < falling.length; i++) {
        const id = falling[i]!;
        total += p[id] = exponential(logits[id]! - normalizer);
      }
      const sum = (ids: readonly number[]): number => ids.reduce((mass, id) => mass + p[id]!, 0);

      const ends = [...new Set(eosTokenIds)].filter((id) => logits[id]! > -Infinity);
      const endMass = sum(ends);
      if (3 * endMass * falling.length > total - endMass) {
        step.keep(logits, ends);
        return;
      }
      const isLeft = mergePrefixes(orderOf(falling, logits.length), falling, p);
      const isEnd = (id: number): boolean => ends.includes(id);
      const likely: number[] = [];
      for (let i = 0; i < falling.length; i++) {
        const id = falling[i]!;
        if ((p[id]! >= 0.2 || isEnd(id)) && isLeft(id)) likely.push(id);
      }
      const others = likely.filter((id) => !isEnd(id)).length;
      if (others === 0) {
        const end = eosTokenId ?? eosTokenIds[0];
        step.keep(logits, [end !== undefined && logits[end]! > -Infinity ? end : falling[0]!]);
        return;
      }
      const border = sum(likely) / (others + 1);
      const kept = likely.filter((id) => p[id]! >= border || isEnd(id));
      step.keep(logits, kept);
      if (merged) for (const id of kept) logits[id] = Math.log(p[id]!) + normalizer;
    },
  };
}
