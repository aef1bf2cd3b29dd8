import { defineSampler } from '@tokenwright/core';
import { integerOption } from '@tokenwright/core/options';
import { dynamicTemperatureForm, dynamicTemperature as published } from '../shaping/dynamic-temperature.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Dynamic temperature with `listed`: how many tokens count as left. `'left'` counts those that are, a number at least this
 * many, up to the vocabulary. llama.cpp counts its list, which still contains tokens that were set to -Infinity.
 *
 * @example
 * ```ts
 * dynamicTemperature({ range: 0.5, listed: 'vocabulary' });
 * ```
 */
export const dynamicTemperature = defineSampler({
  ...definition,
  options: {
    ...definition.options,
    listed: switchOption(
      integerOption({
        min: 1,
        words: ['left', 'vocabulary'],
        default: 'left',
        help: 'How many tokens count as left',
      }),
    ),
  },
  create: ({ listed, ...values }) =>
    dynamicTemperatureForm(values, (vocabSize) => {
      if (listed === 'left') return 0;
      return listed === 'vocabulary' ? vocabSize : Math.min(listed, vocabSize);
    }),
});
