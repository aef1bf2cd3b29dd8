import type { HostSampler, RowStep } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';

export interface EncoderRepetitionPenaltyOptions {
  /** Above 1 favours the source's tokens, below 1 discourages them; more than 0. 1 is off. */
  readonly penalty: number;
}

/**
 * For each distinct token of the source, once: l -> l * penalty when l > 0, l / penalty when l < 0. It is the repetition
 * penalty turned round, so that values above 1 hold the reply to its source against invention (Hugging Face).
 *
 * A model without a source has its prompt taken for it, as in Hugging Face. It depends on where zero lies, as the repetition
 * penalty does. Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], source [0, 1], penalty 2: [4, -1, 1].
 */
export function encoderRepetitionPenalty(options: EncoderRepetitionPenaltyOptions): HostSampler {
  checkOptionNames('encoderRepetitionPenalty', options, ['penalty']);
  const penalty = checkNumber(
    'encoderRepetitionPenalty',
    'penalty',
    options.penalty,
    'a number above 0',
    (value) => value > 0,
  );
  return {
    name: 'encoder-repetition-penalty',
    parameters: { penalty },
    kind: 'penalty',
    traits: {
      dependsOnZero: true,
      keepsArgMax: penalty === 1,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (penalty === 1) return;
      for (const id of new Set(Array.from(sourceOf(step)))) {
        if (id < 0 || id >= logits.length) continue;
        logits[id] = logits[id]! < 0 ? logits[id]! / penalty : logits[id]! * penalty;
      }
    },
  };
}

/** The source's tokens; of a model without one, the prompt's. */
export function sourceOf({ source, history, promptLength }: RowStep): ArrayLike<number> {
  return source ?? history.tokens.subarray(0, promptLength);
}
