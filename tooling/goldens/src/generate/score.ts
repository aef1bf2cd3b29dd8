import { score } from '@tokenwright/core';
import { compareWithin } from '../shared/compare.ts';
import { toRow } from '../shared/numbers.ts';
import { checkFields } from '../shared/suite.ts';
import { unpadded } from './decoding/case.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** The label of an ignored position. */
const ignored = -100;

/** `score`: teacher forcing. */
export const runScore: RunKind = async (golden, models) => {
  checkFields(golden, fields);
  const labels = (golden.labels ?? unpadded(golden)) as readonly (readonly number[])[];
  const differences: string[] = [];
  const counted: number[] = [];
  let tolerance = 0;
  for (const [row, wanted] of labels.entries()) {
    using place = await conditioned(golden, models, row);
    const { model, sources, generationConfig } = place;
    ({ tolerance } = place);
    // A decoder-only model is fed its input. A decoder is fed its start token and the labels, with padding for ignored ones.
    const padId = (generationConfig.pad_token_id ?? 0) as number;
    const ids =
      sources === undefined
        ? golden.input_ids[row]!
        : [...model.defaults.decoderStartTokenIds!, ...wanted.map((id) => (id === ignored ? padId : id))];
    const text = await score(model, ids);
    const answers = sources === undefined ? wanted.slice(1) : wanted;
    const logprobs = text.tokens.map(({ logprob }) => logprob);
    const kept = logprobs.filter((_, at) => answers[at] !== ignored);
    counted.push(...kept);
    const expected = (golden.token_logprobs as unknown[][] | undefined)?.[row];
    if (expected === undefined) continue;
    differences.push(...compareWithin(`row ${row}: log-probability`, toRow(expected), kept, tolerance));
    const total = [(golden.sum_logprob as number[])[row]!];
    differences.push(...compareWithin(`row ${row}: sum`, total, [sum(kept)], tolerance * kept.length));
    if (kept.length === logprobs.length)
      differences.push(...compareWithin(`row ${row}: total`, total, [text.total], tolerance * kept.length));
  }
  const loss = -sum(counted) / counted.length;
  differences.push(...compareWithin('loss', [golden.loss as number], [loss], tolerance));
  if (golden.perplexity !== undefined) {
    const expected = golden.perplexity as number;
    differences.push(...compareWithin('perplexity', [expected], [Math.exp(loss)], tolerance * expected));
  }
  return differences;
};

const fields = [
  'id',
  'source',
  'kind',
  'input_ids',
  'attention_mask',
  'labels',
  'loss',
  'perplexity',
  'token_logprobs',
  'sum_logprob',
];

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
