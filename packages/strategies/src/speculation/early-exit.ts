import { integerOption, type OptionsOf } from '@tokenwright/core/options';
import { defineDrafter } from './drafter.ts';
import { ModelDrafting } from './model-drafting.ts';

const options = {
  /** Number of layers before the head, an integer from 0 (the embeddings alone) to the layers of the model. */
  layer: integerOption({ min: 0, suggested: 1, help: 'Number of layers that the draft passes before the head' }),
};

export type EarlyExitOptions = OptionsOf<typeof options>;

/**
 * Draft with the model itself, leaving it after an early layer. Needs no second model, only a second cache. Hugging Face calls this
 * option `assistant_early_exit`.
 *
 * @see Elhoushi et al. 2024, "LayerSkip", arXiv:2404.16710
 * @throws ParameterError when decoding starts, if the model has fewer layers.
 * @example
 * ```ts
 * speculative({ draft: earlyExit({ layer: 4 }) });
 * ```
 */
export const earlyExit = defineDrafter({
  name: 'early-exit',
  summary: 'Draft with the first layers of the model itself',
  source: 'Elhoushi et al. 2024, arXiv:2404.16710',
  options,
  create: ({ layer }) => ({ open: (run, rows, draft) => new ModelDrafting(run.model, run, rows, draft, layer) }),
});
