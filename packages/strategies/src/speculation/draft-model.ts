import { type LanguageModel, ParameterError } from '@tokenwright/core';
import { customOption, type OptionsOf } from '@tokenwright/core/options';
import { defineDrafter } from './drafter.ts';
import { ModelDrafting } from './model-drafting.ts';

const options = {
  /** A smaller model with the same vocabulary. The caller disposes it. */
  model: customOption<LanguageModel>({
    kind: 'code',
    help: 'A smaller model with the same vocabulary',
    toJson: ({ name }) => name,
    check(owner, name, value) {
      if (!isLanguageModel(value)) throw new ParameterError(owner, name, 'a language model', value);
      return value;
    },
  }),
};

export type DraftModelOptions = OptionsOf<typeof options>;

/**
 * Draft with a smaller model of the same vocabulary. It samples from its own distribution after the sampler chain of the call. Stateful
 * samplers keep a separate state for it. `speculative({ draft: model })` is short for this.
 *
 * @see Leviathan et al. 2023, arXiv:2211.17192
 * @throws ShapeError when decoding starts, if the vocabularies differ in size.
 * @example
 * ```ts
 * speculative({ draft: draftModel({ model: small }), numAssistantTokens: 4 });
 * ```
 */
export const draftModel = defineDrafter({
  name: 'draft-model',
  summary: 'Draft with a smaller model of the same vocabulary',
  source: 'Leviathan et al. 2023, arXiv:2211.17192',
  options,
  create: ({ model }) => ({ open: (run, rows, draft) => new ModelDrafting(model, run, rows, draft) }),
});

/** Whether a value has the members of a language model that drafting uses. */
export function isLanguageModel(value: unknown): value is LanguageModel {
  if (typeof value !== 'object' || value === null) return false;
  const { forward, createCache, vocabSize } = value as Partial<LanguageModel>;
  return typeof forward === 'function' && typeof createCache === 'function' && typeof vocabSize === 'number';
}
