import { defineSampler } from '@tokenwright/core';
import type { OptionsOf } from '@tokenwright/core/options';
import { logSumExp } from '@tokenwright/core/sampling';
import { lowered } from '../shared/borders.ts';
import { keepAtLeast } from '../shared/row.ts';
import { mirostatTraits, nextMu, mirostatOptions as options } from './mirostat.ts';

export type Mirostat2Options = OptionsOf<typeof options>;

/**
 * Mirostat 2: hold the surprise of the text at `tau` bits by removing tokens whose own surprise -log2(p) exceeds mu. The
 * most probable token always stays.
 *
 * mu is 2 tau initially; after each sample mu -= eta * (surprise - tau), where the surprise is -log2 of the token's
 * probability among those that stayed. A token that was not sampled, such as a forced one, does not change mu.
 *
 * It must be the last stage. A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * @see Basu et al. 2020, "Mirostat", arXiv:2007.14966; llama.cpp
 * @example
 * ```ts
 * mirostat2({ tau: 3 });
 * ```
 */
export const mirostat2 = defineSampler({
  name: 'mirostat-2',
  summary: 'Hold the surprise of the text at TAU bits by removing surprising tokens',
  source: 'Basu et al. 2020, arXiv:2007.14966; llama.cpp',
  kind: 'controller',
  options,
  create: ({ tau, eta }) => ({
    traits: mirostatTraits,
    onHost(logits, step) {
      const mu = nextMu(step, tau, eta);
      const normalizer = logSumExp(logits, step.candidates);
      if (Number.isFinite(normalizer)) keepAtLeast(logits, step, lowered(normalizer - mu * Math.LN2, normalizer));
    },
  }),
});
