import type { HostSampler } from '@tokenwright/core';

/**
 * NaN -> 0, +Infinity -> the largest float32, -Infinity -> the lowest float32 (Hugging Face `remove_invalid_values`).
 *
 * It hides a broken model: without it a row with NaN is an error that names the stage. It also revives what earlier stages
 * removed, as a token with the lowest logit: next to any ordinary one its probability is 0, but when all others are
 * removed later, or all tokens are, it can be drawn. Use it to compare with Hugging Face, and before every stage that removes.
 */
export function removeInvalid(): HostSampler {
  return {
    name: 'remove-invalid',
    parameters: {},
    kind: 'repair',
    traits: {
      keepsArgMax: false,
      narrows: false,
    },
    onHost: (logits) => {
      for (let id = 0; id < logits.length; id++) {
        const logit = logits[id]!;
        if (Number.isNaN(logit)) logits[id] = 0;
        else if (logit === Infinity) logits[id] = largestFloat;
        else if (logit === -Infinity) logits[id] = -largestFloat;
      }
    },
  };
}

const largestFloat = 3.4028234663852886e38;
