import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { divideLogits, keepLargest, shapeOf, topLogit } from '../shared/row.ts';

export interface DynamicTemperatureOptions {
  /** Middle of the range, at least 0. Default 1. */
  readonly temperature?: number;
  /** How far the temperature may go to each side, at least 0. 0 makes it a plain temperature. */
  readonly range: number;
  /** Bends the way from entropy to temperature, above 0. Default 1. */
  readonly exponent?: number;
  /**
   * How many tokens count as left: those that are (`'left'`), or at least so many, up to the vocabulary. llama.cpp counts its
   * list, which still holds tokens that were set to -Infinity; the preset `llamaCpp` works out how long that is. Default `'left'`.
   */
  readonly listed?: 'left' | 'vocabulary' | number;
}

/**
 * A temperature that follows the model's doubt: t' = low + (high - low) * (H / ln n)^exponent with low = max(0, t - range),
 * high = t + range, H the entropy and n the number of tokens left (llama.cpp's `temp_ext`).
 *
 * llama.cpp counts as n also tokens that were set to -Infinity but not taken out: see `listed`.
 * t' = 0 is greedy. One token stays as it is, and so does a row with NaN, with +Infinity or with nothing left.
 */
export function dynamicTemperature(options: DynamicTemperatureOptions): HostSampler {
  checkOptionNames('dynamicTemperature', options, ['temperature', 'range', 'exponent', 'listed']);
  const atLeast0 = (name: string, value: number): number =>
    checkNumber('dynamicTemperature', name, value, 'a number of at least 0', (number) => number >= 0);
  const t = atLeast0('temperature', options.temperature ?? 1);
  const range = atLeast0('range', options.range);
  const exponent = checkNumber(
    'dynamicTemperature',
    'exponent',
    options.exponent ?? 1,
    'a number above 0',
    (value) => value > 0,
  );
  const { listed = 'left' } = options;
  if (listed !== 'left' && listed !== 'vocabulary') checkInteger('dynamicTemperature', 'listed', listed, 1);
  const low = Math.max(0, t - range);
  const high = t + range;
  return {
    name: 'dynamic-temperature',
    parameters: { temperature: t, range, exponent, listed },
    kind: 'shaping',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, step) => {
      const top = topLogit(logits, step.candidates);
      if (!Number.isFinite(top)) return;
      const { count, entropy } = shapeOf(logits, step.candidates, top);
      if (count === 1) return;
      const least = listed === 'left' ? 0 : listed === 'vocabulary' ? logits.length : Math.min(listed, logits.length);
      const doubt = Math.min(1, entropy / Math.log(Math.max(count, least)));
      const chosen = low + (high - low) * doubt ** exponent;
      if (chosen === 0) keepLargest(logits, step);
      else divideLogits(logits, step.candidates, chosen);
    },
  };
}
