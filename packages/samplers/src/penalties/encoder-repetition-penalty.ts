import { defineSampler, type RowStep } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';

const options = {
  /** Above 1 encourages the tokens of the source, below 1 discourages them; above 0. 1 is off. */
  penalty: numberOption({ above: 0, off: 1, suggested: 1.2, help: 'Above 1 encourages the tokens of the source' }),
};

export type EncoderRepetitionPenaltyOptions = OptionsOf<typeof options>;

/**
 * For each distinct token of the source, once: l -> l * penalty when l > 0, l / penalty when l < 0. It is the inverse of
 * the repetition penalty, so values above 1 hold the reply to its source.
 *
 * For a model without a source, the prompt takes its place, as in Hugging Face. A model whose source has a vocabulary of its own refuses
 * it. It depends on where zero is, as the
 * repetition penalty does. Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], source [0, 1], penalty 2: [4, -1, 1].
 *
 * @see Hugging Face, `encoder_repetition_penalty`
 * @example
 * ```ts
 * encoderRepetitionPenalty({ penalty: 1.2 });
 * ```
 */
export const encoderRepetitionPenalty = defineSampler({
  name: 'encoder-repetition-penalty',
  summary: 'Hold the reply to the tokens of the source',
  source: 'Hugging Face, encoder_repetition_penalty',
  kind: 'penalty',
  options,
  create: ({ penalty }) => ({
    traits: { dependsOnZero: true, keepsArgMax: penalty === 1, narrows: true, readsSource: penalty !== 1 },
    onHost(logits, step) {
      if (penalty === 1) return;
      for (const id of new Set(Array.from(sourceOf(step)))) {
        if (id < 0 || id >= logits.length) continue;
        logits[id] = logits[id]! < 0 ? logits[id]! / penalty : logits[id]! * penalty;
      }
    },
  }),
});

/** The tokens of the source, or of the prompt for a model without one. */
export function sourceOf({ source, history, promptLength }: RowStep): ArrayLike<number> {
  return source ?? history.tokens.subarray(0, promptLength);
}
