import { defineSampler, ParameterError } from '@tokenwright/core';
import { checkOptions, customOption, type OptionsOf, optional } from '@tokenwright/core/options';
import {
  type GreenList,
  type KgwEvidence,
  kgwDetectorOptions,
  kgwEvidence,
  kgwForm,
  kgwWatermark as published,
} from '../watermarks/kgw-watermark.ts';

const { definition } = published;

const greenList = optional(
  customOption<GreenList>({
    kind: 'code',
    help: 'The green ids after a context, in place of the permutation',
    allowed: 'a function from a context to token ids',
    check(owner, name, value) {
      if (typeof value !== 'function')
        throw new ParameterError(owner, name, 'a function from a context to token ids', value);
      return value as GreenList;
    },
  }),
);

/**
 * The KGW watermark with `greenList`: the green ids after a context, in place of the permutation. For the lists of another
 * system. With self-hash the context ends with the candidate.
 *
 * @example
 * ```ts
 * kgwWatermark({ greenList: (context) => recordedLists.get(context.at(-1)) ?? [] });
 * ```
 */
export const kgwWatermark = defineSampler({
  ...definition,
  options: { ...definition.options, greenList },
  create: ({ greenList, ...values }) => kgwForm(values, greenList),
});

const detectorOptions = { ...kgwDetectorOptions, greenList };

/**
 * Evidence for the watermark with the green lists of another system.
 *
 * @example
 * ```ts
 * detectKgwWatermark(ids, { vocabSize: 50257, greenList: (context) => recordedLists.get(context.at(-1)) ?? [] });
 * ```
 */
export function detectKgwWatermark(tokens: ArrayLike<number>, options: OptionsOf<typeof detectorOptions>): KgwEvidence {
  const { greenList, ...values } = checkOptions('detectKgwWatermark', detectorOptions, options);
  return kgwEvidence(tokens, values, greenList);
}
