import { defineSampler, type HostSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf, type OptionValues } from '@tokenwright/core/options';
import { keepLargest } from '@tokenwright/core/sampling';
import { divideLogits, shapeOf, topLogit } from '../shared/row.ts';

const options = {
  /** How far the temperature may deviate to each side, at least 0. 0 makes it a plain temperature. */
  range: numberOption({ min: 0, off: 0, suggested: 0.5, help: 'How far the temperature may deviate to each side' }),
  /** Middle of the range, at least 0. Default 1. */
  temperature: numberOption({ min: 0, default: 1, help: 'Middle of the range' }),
  /** Exponent of the relative entropy, above 0. Default 1. */
  exponent: numberOption({ above: 0, default: 1, help: 'Exponent of the relative entropy' }),
};

export type DynamicTemperatureOptions = OptionsOf<typeof options>;

/**
 * A temperature that follows the uncertainty of the model: t' = low + (high - low) * (H / ln n)^exponent, where
 * low = max(0, temperature - range), high = temperature + range, H is the entropy and n the number of tokens left.
 *
 * t' = 0 is greedy. One token stays as it is, and so does a row with NaN, with +Infinity or with nothing left.
 *
 * @see llama.cpp, `temp_ext`
 * @example
 * ```ts
 * dynamicTemperature({ range: 0.5 });
 * ```
 */
export const dynamicTemperature = defineSampler({
  name: 'dynamic-temperature',
  summary: 'A temperature that rises with the uncertainty of the model',
  source: 'llama.cpp, temp_ext',
  kind: 'shaping',
  options,
  create: (values) => dynamicTemperatureForm(values, () => 0),
});

/** @param leastCount the number of tokens that count as left at least, for a vocabulary of the given size. */
export function dynamicTemperatureForm(
  { temperature, range, exponent }: OptionValues<typeof options>,
  leastCount: (vocabSize: number) => number,
): Omit<HostSampler, 'name'> {
  const low = Math.max(0, temperature - range);
  const high = temperature + range;
  return {
    traits: { keepsArgMax: true, narrows: true },
    onHost(logits, step) {
      const top = topLogit(logits, step.candidates);
      if (!Number.isFinite(top)) return;
      const { count, entropy } = shapeOf(logits, step.candidates, top);
      if (count === 1) return;
      const uncertainty = Math.min(1, entropy / Math.log(Math.max(count, leastCount(logits.length))));
      const chosen = low + (high - low) * uncertainty ** exponent;
      if (chosen === 0) keepLargest(logits, step);
      else divideLogits(logits, step.candidates, chosen);
    },
  };
}
