import { defineSampler } from '@tokenwright/core';
import { choiceOption } from '@tokenwright/core/options';
import { infillForm, infill as published } from '../patterns/infill.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Infill with `mass`: the logit of a token into which others were merged. Its own (`'own'`: llama.cpp, which merges only to
 * decide which tokens stay), or that of the merged mass (`'merged'`).
 *
 * @example
 * ```ts
 * infill({ text: vocabularyTexts(tokenizer), mass: 'merged' });
 * ```
 */
export const infill = defineSampler({
  ...definition,
  options: {
    ...definition.options,
    mass: switchOption(
      choiceOption(['own', 'merged'], {
        default: 'own',
        help: 'Whether a token gets the mass of the tokens merged into it',
      }),
    ),
  },
  create: ({ mass, ...values }) => infillForm(values, mass === 'merged'),
});
