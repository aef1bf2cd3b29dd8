import type { HostSampler } from '@tokenwright/core';
import { logSumExp } from '@tokenwright/core/sampling';
import { keepAtLeast } from '../shared/row.ts';
import { checkMirostat, type MirostatOptions, mirostatTraits, nextMu } from './mirostat.ts';

export type Mirostat2Options = MirostatOptions;

/**
 * Mirostat 2: hold the surprise of the text at `tau` bits by removing tokens whose own surprise -log2(p) exceeds mu; the
 * most probable always stays (Basu et al. 2020, "Mirostat", arXiv:2007.14966; llama.cpp).
 *
 * mu is 2 tau at first; after each draw mu -= eta * (surprise - tau), where the surprise is -log2 of the token's
 * probability among those that stayed. A token that was not drawn, such as a forced one, leaves mu as it is.
 *
 * It must be the last stage. A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function mirostat2(options: Mirostat2Options = {}): HostSampler {
  const { tau, eta } = checkMirostat('mirostat2', options);
  return {
    name: 'mirostat-2',
    parameters: { tau, eta },
    kind: 'controller',
    traits: mirostatTraits,
    onHost: (logits, step) => {
      const mu = nextMu(step, tau, eta);
      const normalizer = logSumExp(logits, step.candidates);
      if (Number.isFinite(normalizer)) keepAtLeast(logits, step, normalizer - mu * Math.LN2);
    },
  };
}
