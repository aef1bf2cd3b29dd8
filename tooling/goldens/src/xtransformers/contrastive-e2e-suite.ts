import { generate } from '@tokenwright/core';
import { Models } from '../generate/decoding/models.ts';
import { Probe } from '../generate/decoding/probe.ts';
import { compareIds, compareWithin } from '../shared/compare.ts';
import { sampler } from '../shared/factory.ts';
import { toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { combined, rule } from '../shared/rules.ts';
import { casesOf, checkFields, type OpenSuite } from '../shared/suite.ts';

interface EndToEndCase {
  readonly id: string;
  readonly expert: string;
  readonly amateur: string;
  readonly prompt: readonly number[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly sequence: readonly number[];
  readonly first_step_scores: readonly (readonly unknown[])[];
}

/** `xtransformers/contrastive_decode_e2e.json`: greedy decoding of an expert against an amateur. */
export const openContrastiveEndToEnd: OpenSuite = (file, setting) => {
  const models = new Models(file, setting);
  return casesOf<EndToEndCase>(file).map((golden) => ({
    id: golden.id,
    async run() {
      checkFields(golden, fields);
      const params = new Params(golden.params);
      const contrast = rule('contrastiveLogits', { alpha: params.required('alpha'), beta: params.required('beta') });
      const maxNewTokens = params.required('max_new_tokens');
      params.finish();
      const expert = await models.languageModel(golden.expert);
      const amateur = await models.languageModel(golden.amateur);
      const model = combined({ expert, others: [{ model: amateur }], rule: contrast });
      const probe = new Probe();
      const { ids } = await generate(model, golden.prompt, {
        samplers: [probe.sampler, sampler('greedy')],
        maxNewTokens,
        eosTokenIds: [],
      });
      const first = probe.after(golden.prompt)!;
      return [
        ...compareIds('sequence', golden.sequence, [...golden.prompt, ...ids[0]!]),
        ...compareWithin('first scores', toRow(golden.first_step_scores[0]!), first, 1e-4),
      ];
    },
  }));
};

/** `min_top1_top2_gap` and `same_in_float64` record the margins of the recorded tokens. */
const fields = [
  'id',
  'source',
  'expert',
  'amateur',
  'prompt',
  'params',
  'sequence',
  'first_step_scores',
  'min_top1_top2_gap',
  'same_in_float64',
];
