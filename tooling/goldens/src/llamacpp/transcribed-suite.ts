import { probabilities } from '@tokenwright/core/sampling';
import { compareWithin } from '../shared/compare.ts';
import { shapeRow } from '../shared/row.ts';
import { casesOf, checkFields, type Golden, type GoldenFile, type OpenSuite } from '../shared/suite.ts';
import { stageOf } from './chain-suite.ts';

/** A case of llama.cpp's own `tests/test-sampling.cpp`. */
interface TranscribedCase {
  readonly id: string;
  readonly sampler: string;
  readonly probs: readonly number[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly expected_probs: readonly number[];
  readonly order_of_candidate_ids?: readonly number[];
  readonly note?: string;
}

interface QueueCase {
  readonly id: string;
  readonly n_vocab: number;
  readonly logits: string;
  readonly sequence: string;
  readonly top_k: number;
  readonly top_p: number;
  readonly min_p: number;
  readonly min_keep: number;
  readonly after_each_stage: readonly {
    readonly sampler: string;
    readonly size: number;
    readonly max_id: number;
    readonly min_id: number;
    readonly ids_are_top_range: boolean;
  }[];
}

/** `llamacpp/test_sampling_transcribed.json`. */
export const openTranscribed: OpenSuite = (file) => [
  ...casesOf<TranscribedCase>(file).map((golden) => ({ id: golden.id, run: () => compareProbabilities(golden) })),
  ...openQueues(file),
];

function compareProbabilities(golden: TranscribedCase): string[] {
  checkFields(golden, ['id', 'source', 'sampler', 'probs', 'params', 'expected_probs', ...about]);
  const { last_tokens = [], ...params } = golden.params as { last_tokens?: readonly number[] };
  const logits = Float32Array.from(golden.probs, Math.log);
  const { samplers } = stageOf({ name: golden.sampler, params }, {});
  const got = shapeRow(logits, { prompt: last_tokens, samplers });
  const unnormalized = golden.note?.includes('original probabilities') === true;
  const after = probabilities(got);
  const ours = golden.probs.flatMap((before, id) => {
    if (got[id]! > -Infinity) return [{ id, value: unnormalized ? before : after[id]! }];
    // llama.cpp keeps a token that it set to -Infinity in its list; the others are removed.
    return golden.order_of_candidate_ids?.includes(id) === true ? [{ id, value: 0 }] : [];
  });
  const order = golden.order_of_candidate_ids;
  // The order of tied values is arbitrary, so the order is compared by value.
  const values = ours.sort((a, b) => (order === undefined ? a.id - b.id : order.indexOf(a.id) - order.indexOf(b.id)));
  return compareWithin(
    'probability',
    golden.expected_probs,
    values.map(({ value }) => value),
    1e-5,
  );
}

/** `verified_by_run` records whether llama.cpp's sources agree with its test. */
const about = ['verified_by_run', 'order_of_candidate_ids', 'note'];

const letters: Readonly<Record<string, { name: string; params(golden: QueueCase): Record<string, number> }>> = {
  k: { name: 'top_k', params: ({ top_k }) => ({ k: top_k }) },
  p: { name: 'top_p', params: ({ top_p, min_keep }) => ({ p: top_p, min_keep }) },
  m: { name: 'min_p', params: ({ min_p, min_keep }) => ({ p: min_p, min_keep }) },
};

function openQueues(file: GoldenFile): readonly Golden[] {
  return casesOf<QueueCase>(file, 'queue_cases').map((golden) => ({
    id: golden.id,
    run() {
      checkFields(golden, queueFields);
      if (!golden.logits.startsWith('logit[i] = ln(i)')) throw new TypeError(`unknown logits: ${golden.logits}`);
      const differences: string[] = [];
      let row: Float32Array = Float32Array.from({ length: golden.n_vocab }, (_, id) => Math.log(id));
      for (const [index, letter] of [...golden.sequence].entries()) {
        const expected = golden.after_each_stage[index]!;
        const stage = letters[letter];
        if (stage === undefined || expected.sampler !== letter) throw new TypeError(`no adapter for stage ${letter}`);
        const { samplers } = stageOf({ name: stage.name, params: stage.params(golden) }, {});
        row = shapeRow(row, { samplers });
        const kept = Array.from(row.keys()).filter((id) => row[id]! > -Infinity);
        // Token 0 has logit -Infinity: llama.cpp counts it while it is in the list, ours never does.
        const [size, least] = expected.min_id === 0 ? [expected.size - 1, 1] : [expected.size, expected.min_id];
        const label = `stage ${index} (${letter})`;
        if (kept.length !== size) differences.push(`${label}: ${size} tokens expected, got ${kept.length}`);
        if (kept[0] !== least || kept.at(-1) !== expected.max_id)
          differences.push(`${label}: ids ${least} to ${expected.max_id} expected, got ${kept[0]} to ${kept.at(-1)}`);
        const topRange = kept.at(-1)! - kept[0]! + 1 === kept.length && kept.at(-1) === golden.n_vocab - 1;
        if (topRange !== expected.ids_are_top_range) differences.push(`${label}: ids are not the top range`);
      }
      return differences;
    },
  }));
}

const queueFields = [
  'id',
  'source',
  'n_vocab',
  'logits',
  'sequence',
  'top_k',
  'top_p',
  'min_p',
  'min_keep',
  'after_each_stage',
];
