import { defineSampler } from '@tokenwright/core';
import { sequenceBias as published, sequenceBiasForm } from '../penalties/sequence-bias.ts';
import { needs } from './bad-words.ts';

const { definition } = published;

/**
 * Sequence bias with `needs`: how long the text must be for a sequence to apply. As long as all but its last token
 * (`'beginning'`), or as the whole sequence (`'sequence'`: Hugging Face until 5.0).
 *
 * @example
 * ```ts
 * sequenceBias({ sequences: [{ tokens: [3, 4], bias: 2 }], needs: 'sequence' });
 * ```
 */
export const sequenceBias = defineSampler({
  ...definition,
  options: { ...definition.options, needs: needs() },
  create: ({ needs, ...values }) => sequenceBiasForm(values, needs),
});
