import { UnsupportedError } from '../errors.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { LanguageModel } from './language-model.ts';

/**
 * The source that samplers see for a prompt: the ids of its source, or of the only one. Undefined for a model without sources, and for one
 * whose sources have a vocabulary of their own.
 */
export function visibleSource(
  { sources, separateVocabularies }: LanguageModel,
  promptIndex: number,
): readonly number[] | undefined {
  if (separateVocabularies === true) return undefined;
  return sources?.[Math.min(promptIndex, sources.length - 1)];
}

/** @throws UnsupportedError for a sampler that takes ids of the source for ids of the output, where these differ. */
export function checkReadsSource(model: LanguageModel, samplers: readonly Sampler[]): void {
  if (model.separateVocabularies !== true) return;
  for (const { name, traits } of samplers)
    if (traits?.readsSource === true)
      throw new UnsupportedError(
        `the sampler '${name}', which reads the source`,
        `The model '${model.name}'`,
        'Its source and its output have different vocabularies.',
      );
}
