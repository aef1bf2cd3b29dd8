import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { ModelDrafting } from './draft-model.ts';
import type { Drafter } from './drafter.ts';

export interface EarlyExitOptions {
  /** Number of layers passed before the head; 0 = the embeddings. */
  readonly layer: number;
}

/** The model itself as its draft, leaving after an earlier layer: needs no second model, only a second cache. */
export function earlyExit(options: EarlyExitOptions): Drafter {
  checkOptionNames('earlyExit', options, ['layer']);
  const layer = checkInteger('earlyExit', 'layer', options.layer, 0);
  return {
    name: 'early-exit',
    parameters: { layer },
    open: (run, rows, draft) => new ModelDrafting(run.model, run, rows, draft, layer),
  };
}
