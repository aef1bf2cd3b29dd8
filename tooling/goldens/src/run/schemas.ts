import { openGenerate } from '../generate/suite.ts';
import { openLlama } from '../llamacpp/chain-suite.ts';
import { openTranscribed } from '../llamacpp/transcribed-suite.ts';
import { openProcessors } from '../processors/suite.ts';
import type { OpenSuite } from '../shared/suite.ts';
import { openContrastiveEndToEnd } from '../xtransformers/contrastive-e2e-suite.ts';
import { openContrastive } from '../xtransformers/contrastive-suite.ts';
import { openFilters } from '../xtransformers/filters-suite.ts';

/** The adapter of each schema. */
export const schemas: Readonly<Record<string, OpenSuite>> = {
  'generate/v1': openGenerate,
  'processors/v1': openProcessors,
  'llamacpp-run/v1': openLlama,
  'llamacpp-test-sampling/v1': openTranscribed,
  'xtransformers/v1': openFilters,
  'xtransformers-contrastive/v1': openContrastive,
  'xtransformers-e2e/v1': openContrastiveEndToEnd,
};
