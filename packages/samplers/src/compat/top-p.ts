import { defineSampler } from '@tokenwright/core';
import { choiceOption } from '@tokenwright/core/options';
import { topP as published, topPForm } from '../filters/top-p.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Top-p with `border`. With c the mass of all more probable tokens, a token stays when c < p (`'below'`) or c <= p
 * (`'at-most'`: x-transformers, one more token on exact equality).
 *
 * @example
 * ```ts
 * topP({ p: 0.9, border: 'at-most' });
 * ```
 */
export const topP = defineSampler({
  ...definition,
  options: { ...definition.options, border: border() },
  create: ({ border, ...values }) => topPForm(values, border === 'at-most'),
});

/** `border`: which tokens stay when the mass before them is exactly the bound. */
export function border() {
  return switchOption(
    choiceOption(['below', 'at-most'], {
      default: 'below',
      help: 'Whether a token stays when the mass before it is exactly P',
    }),
  );
}
