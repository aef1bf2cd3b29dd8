import { casesOf, type OpenSuite } from '../shared/suite.ts';
import { runAssisted } from './assisted.ts';
import { runBeam, runPrefixConstrained } from './beam.ts';
import { runConstrainedBeam } from './constrained-beam.ts';
import { runDola, runGuidance } from './contrast.ts';
import { runContrastiveSearch } from './contrastive-search.ts';
import type { GenerateCase } from './decoding/case.ts';
import { Models } from './decoding/models.ts';
import { runForward } from './forward.ts';
import { runGreedy } from './greedy.ts';
import { runGroupBeam } from './group-beam.ts';
import { runSampleDistribution } from './sample-distribution.ts';
import { runScore } from './score.ts';

/** Compares one case of a kind with a model. */
export type RunKind = (golden: GenerateCase, models: Models) => Promise<readonly string[]>;

const kinds: Readonly<Record<string, RunKind>> = {
  forward: runForward,
  score: runScore,
  greedy: runGreedy,
  sample_distribution: runSampleDistribution,
  beam: runBeam,
  beam_eos: runBeam,
  beam_batch: runBeam,
  group_beam: runGroupBeam,
  constrained_beam: runConstrainedBeam,
  cfg: runGuidance,
  dola: runDola,
  contrastive: runContrastiveSearch,
  assisted: runAssisted,
  prefix_constrained: runPrefixConstrained,
};

/** `generate/<model>/cases.json`: whole models of Hugging Face. */
export const openGenerate: OpenSuite = (file, setting) => {
  const models = new Models(file, setting);
  return casesOf<GenerateCase>(file).map((golden) => ({
    id: golden.id,
    run() {
      const run = kinds[golden.kind];
      if (run === undefined) throw new TypeError(`no adapter for the kind ${golden.kind}`);
      return run(golden, models);
    },
  }));
};
