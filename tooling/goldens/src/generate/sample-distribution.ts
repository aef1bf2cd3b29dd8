import { probabilities } from '@tokenwright/core/sampling';
import { huggingFaceChain } from '../processors/hugging-face-chain.ts';
import { compareRow, compareWithin } from '../shared/compare.ts';
import { toLogits, toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { shapeRow } from '../shared/row.ts';
import { checkFields } from '../shared/suite.ts';
import { unpadded } from './decoding/case.ts';
import { logitsOf } from './decoding/models.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `sample_distribution`: the distribution of the first token. The chain runs on our logits and on the recorded ones. */
export const runSampleDistribution: RunKind = async (golden, models) => {
  checkFields(golden, ['id', 'source', 'kind', 'input_ids', 'params', 'logits', 'processed_scores', 'probabilities']);
  using place = await conditioned(golden, models);
  const rows = unpadded(golden);
  const params = new Params({ do_sample: true, ...golden.params });
  const samplers = huggingFaceChain(params, { eosTokenIds: [] });
  params.finish();
  const { logits } = await logitsOf(place.model, rows);
  return rows.flatMap((prompt, row) => {
    const recorded = toLogits((golden.logits as unknown[][])[row]!);
    const scores = toRow((golden.processed_scores as unknown[][])[row]!);
    const shares = toRow((golden.probabilities as unknown[][])[row]!);
    const ours = logits[row]!.at(-1)!;
    const shaped = shapeRow(ours, { prompt, samplers });
    const shapedRecorded = shapeRow(recorded, { prompt, samplers });
    return [
      ...compareWithin('logit', recorded, ours, 1e-4),
      ...compareRow('score of the recorded logits', scores, shapedRecorded, { input: recorded }),
      ...compareWithin('score', scores, shaped, 1e-4),
      ...compareWithin('probability', shares, probabilities(shaped), 1e-4),
    ];
  });
};
