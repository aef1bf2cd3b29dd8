import { compareIds, compareRow } from '../shared/compare.ts';
import { find, sampler } from '../shared/factory.ts';
import { toLogits, toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { shapeRow } from '../shared/row.ts';
import { checkFields } from '../shared/suite.ts';

/** A case of `SynthIDTextWatermarkLogitsProcessor.json`: consecutive calls, and what a detector sees in a whole sequence. */
interface SynthIdCase {
  readonly params: Readonly<Record<string, unknown>>;
  readonly sampling_table: readonly number[];
  readonly steps: readonly SynthIdStep[];
  readonly sequence_for_g_values: readonly (readonly number[])[];
  readonly g_values: readonly (readonly (readonly number[])[])[];
  readonly context_repetition_mask: readonly (readonly number[])[];
}

interface SynthIdStep {
  readonly input_ids: readonly (readonly number[])[];
  readonly logits: readonly (readonly unknown[])[];
  readonly output: readonly (readonly unknown[])[];
}

/** Result of our detector. */
interface Evidence {
  readonly bits: readonly Uint8Array[];
  readonly counted: readonly boolean[];
}

/** The consecutive calls of the class. The input of the first call is the prompt; the rest of the text is the reply. */
export function runSynthId(golden: unknown): string[] {
  checkFields(golden as object, fields);
  const { steps, sampling_table: samplingTable, ...recorded } = golden as SynthIdCase;
  const params = new Params(recorded.params).without({
    sampling_table_size: 'the table is recorded',
    sampling_table_seed: 'the table is recorded',
  });
  const detector = {
    keys: params.ids('keys')!,
    ngramLength: params.required('ngram_len'),
    contextHistory: params.required('context_history_size'),
    samplingTable,
  };
  const stage = sampler('synthId', { ...detector, skipFirst: params.read('skip_first_ngram_calls') === true });
  params.finish();
  const promptLength = steps[0]!.input_ids[0]!.length;
  return [
    ...steps.flatMap((step, at) => {
      checkFields(step, ['input_ids', 'logits', 'output', ...inside]);
      return step.output.flatMap((row, i) => {
        const input = toLogits(step.logits[i]!);
        const got = shapeRow(input, { samplers: [stage], prompt: step.input_ids[i]!, promptLength });
        const [expected, label] = [toRow(row), `step ${at}, row ${i}`];
        return [
          ...compareRow(label, expected, got, { input, slack: smallShares }),
          ...compareRow(`${label}: probability`, expected.map(Math.exp), got.map(Math.exp), { input }),
        ];
      });
    }),
    ...recorded.sequence_for_g_values.flatMap((sequence, i) => {
      const evidence = find<Evidence>('detector', 'detectSynthId')(sequence, detector);
      return [
        ...recorded.g_values[i]!.flatMap((bits, at) =>
          compareIds(`row ${i}: bits at ${at}`, bits, evidence.bits[at] ?? []),
        ),
        ...compareIds(`row ${i}: counted`, recorded.context_repetition_mask[i]!, evidence.counted.map(Number)),
      ];
    }),
  ];
}

/**
 * The class multiplies by 1 - g in float32, where the sum g may be close to 1, so that few significant digits remain. Logarithms are
 * therefore compared loosely, and probabilities within the tolerance.
 */
const smallShares = 1e-2;

const fields = [
  'id',
  'source',
  'params',
  'sampling_table',
  'steps',
  'sequence_for_g_values',
  'g_values',
  'context_repetition_mask',
  // A step of the hash, which decides every bit of `g_values`.
  'accumulate_hash',
  'v5_same',
];

/** State that the class keeps between calls; ours computes it from the text. */
const inside = ['state_context_after'];
