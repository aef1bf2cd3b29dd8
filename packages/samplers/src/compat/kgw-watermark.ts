import { defineSampler, ParameterError } from '@tokenwright/core';
import { checkOptions, checkTokens, customOption, type OptionsOf, optional } from '@tokenwright/core/options';
import {
  type Greenlist,
  type KgwEvidence,
  kgwDetectorOptions,
  kgwEvidence,
  kgwForm,
  kgwWatermark as published,
} from '../watermarks/kgw-watermark.ts';

const { definition } = published;

const greenlist = optional(
  customOption<Greenlist>({
    kind: 'code',
    help: 'The green ids after a context, in place of the permutation',
    allowed: 'a function from a context to token ids',
    check(owner, name, value) {
      if (typeof value !== 'function')
        throw new ParameterError(owner, name, 'a function from a context to token ids', value);
      return value as Greenlist;
    },
  }),
);

/**
 * The KGW watermark with `greenlist`: the green ids after a context, in place of the permutation. For the lists of another
 * system. With self-hash the context ends with the candidate.
 *
 * @example
 * ```ts
 * kgwWatermark({ greenlist: (context) => recordedLists.get(context.at(-1)) ?? [] });
 * ```
 */
export const kgwWatermark = defineSampler({
  ...definition,
  options: { ...definition.options, greenlist },
  create: ({ greenlist, ...values }) => kgwForm(values, greenlist),
});

const detectorOptions = { ...kgwDetectorOptions, greenlist };

/**
 * Evidence for the watermark with the greenlists of another system.
 *
 * @example
 * ```ts
 * detectKgwWatermark(ids, { vocabSize: 50257, greenlist: (context) => recordedLists.get(context.at(-1)) ?? [] });
 * ```
 */
export function detectKgwWatermark(tokens: ArrayLike<number>, options: OptionsOf<typeof detectorOptions>): KgwEvidence {
  checkTokens('detectKgwWatermark', 'tokens', tokens);
  const { greenlist, ...values } = checkOptions('detectKgwWatermark', detectorOptions, options);
  return kgwEvidence(tokens, values, greenlist);
}
