import type { LanguageModel, SequenceToSequence } from '@tokenwright/core';
import { type GenerateCase, unpadded } from './case.ts';
import type { Models } from './models.ts';

/** A model ready to decode a case: an encoder-decoder model is bound to its sources. */
export interface Place extends Disposable {
  readonly model: LanguageModel;
  /** The sources of an encoder-decoder model, one per prompt. */
  readonly sources: readonly (readonly number[])[] | undefined;
  /** Tolerance of logits, scores and log-probabilities. */
  readonly tolerance: number;
  /** Contents of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Contents of generation_config.json. */
  readonly generationConfig: Readonly<Record<string, unknown>>;
}

/** The tolerance of the goldens. */
const tolerance = 1e-4;

/**
 * The tiny encoder-decoder models magnify rounding: Hugging Face's own float32 logits are up to 2.04e-4 from its float64 ones
 * (marian-tiny/forward_e2), so two correct float32 results may differ by 4e-4. Ours are closer to float64.
 */
const encoderDecoderTolerance = 5e-4;

/** The model of a case, bound to all its sources, or to the `row`th alone. */
export async function conditioned(golden: GenerateCase, models: Models, row?: number): Promise<Place> {
  const { model, config, generationConfig } = await models.own();
  if (!('encoderOutput' in model))
    return { model, sources: undefined, tolerance, config, generationConfig, [Symbol.dispose]() {} };
  const all = unpadded(golden);
  const sources = row === undefined ? all : [all[row]!];
  const bound = await (model as SequenceToSequence).encode({ ids: sources });
  return {
    model: bound,
    sources,
    tolerance: encoderDecoderTolerance,
    config,
    generationConfig,
    [Symbol.dispose]: () => bound.dispose(),
  };
}
