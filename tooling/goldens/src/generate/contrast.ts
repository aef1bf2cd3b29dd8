import { Params } from '../shared/params.ts';
import { combined, rule } from '../shared/rules.ts';
import { checkFields } from '../shared/suite.ts';
import { argumentsOf, compareSequences, compareSteps, decode, decodingFields } from './decoding/decode.ts';
import { conditioned, type Place } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `cfg`: greedy decoding guided away from a negative prompt, by default the last token of the prompt. */
export const runGuidance: RunKind = (golden, models) =>
  runCombined(golden, models, ({ model }, params) => {
    const [negative] = params.lists('negative_prompt_ids') ?? [];
    return combined({
      expert: model,
      others: [{ prompt: negative ?? 'last-token' }],
      rule: rule('classifierFreeGuidance', { guidanceScale: params.required('guidance_scale') }),
    });
  });

/** `dola`: greedy decoding of the last layer contrasted with an earlier one. */
export const runDola: RunKind = (golden, models) =>
  runCombined(golden, models, ({ model, config }, params) =>
    combined({
      expert: model,
      rule: rule('dola', {
        dolaLayers: params.read('dola_layers'),
        tieWordEmbeddings: config.tie_word_embeddings === true,
      }),
    }),
  );

/** Greedy decoding with a combination of the case's model. */
async function runCombined(
  golden: Parameters<RunKind>[0],
  models: Parameters<RunKind>[1],
  make: (place: Place, params: Params) => Place['model'],
): Promise<string[]> {
  checkFields(golden, decodingFields);
  using place = await conditioned(golden, models);
  const params = new Params(argumentsOf(golden, place));
  const decoded = await decode(golden, { ...place, model: make(place, params) }, params);
  return [...compareSequences(decoded, golden.sequences!), ...compareSteps(golden, decoded)];
}
