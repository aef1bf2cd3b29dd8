import { defineSampler } from '@tokenwright/core';
import { choiceOption } from '@tokenwright/core/options';
import { typicalP as published, typicalPForm } from '../filters/typical-p.ts';
import { switchOption } from './switch.ts';
import { border } from './top-p.ts';

const { definition } = published;

/**
 * Typical-p with `border` and `ties`. With c the mass of all more typical tokens, a token stays when c < p (`'below'`,
 * Hugging Face) or c <= p (`'at-most'`, llama.cpp). Tokens as typical as the last one kept all stay (`'keep-all'`, Hugging
 * Face), or only the lower ids (`'cut'`, llama.cpp).
 *
 * @example
 * ```ts
 * typicalP({ p: 0.9, border: 'at-most', ties: 'cut' });
 * ```
 */
export const typicalP = defineSampler({
  ...definition,
  options: {
    ...definition.options,
    border: border(),
    ties: switchOption(
      choiceOption(['keep-all', 'cut'], {
        default: 'keep-all',
        help: 'Whether tokens as typical as the last one kept all stay',
      }),
    ),
  },
  create: ({ border, ties, ...values }) =>
    typicalPForm(values, { inclusive: border === 'at-most', keepTies: ties === 'keep-all' }),
});
