import { defineSampler } from '@tokenwright/core';
import { logSumExp } from '@tokenwright/core/sampling';

/**
 * l -> l - ln(sum(exp(l))): logits to log-probabilities. It changes no probability, but a later stage that depends on where
 * zero is, such as a repetition penalty, gives other results than on logits.
 *
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * @see Hugging Face, `renormalize_logits`
 * @example
 * ```ts
 * normalize();
 * ```
 */
export const normalize = defineSampler({
  name: 'normalize',
  summary: 'Turn logits into log-probabilities',
  source: 'Hugging Face, renormalize_logits',
  kind: 'shaping',
  options: {},
  create: () => ({
    traits: { normalizes: true, keepsArgMax: true, narrows: true },
    onHost(logits, { candidates }) {
      const normalizer = logSumExp(logits, candidates);
      if (!Number.isFinite(normalizer)) return;
      if (candidates === undefined) for (let id = 0; id < logits.length; id++) logits[id]! -= normalizer;
      else for (const id of candidates) logits[id]! -= normalizer;
    },
  }),
});
