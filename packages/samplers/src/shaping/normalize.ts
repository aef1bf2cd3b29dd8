import type { HostSampler } from '@tokenwright/core';
import { logSumExp } from '@tokenwright/core/sampling';

/**
 * l -> l - ln(sum(exp(l))): logits to log-probabilities (Hugging Face `renormalize_logits`). It changes no probability, but
 * what comes after it and depends on where zero lies, such as a repetition penalty, gives other results than on logits.
 *
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function normalize(): HostSampler {
  return {
    name: 'normalize',
    parameters: {},
    kind: 'shaping',
    traits: {
      normalizes: true,
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, { candidates }) => {
      const normalizer = logSumExp(logits, candidates);
      if (!Number.isFinite(normalizer)) return;
      if (candidates === undefined) for (let id = 0; id < logits.length; id++) logits[id]! -= normalizer;
      else for (const id of candidates) logits[id]! -= normalizer;
    },
  };
}
