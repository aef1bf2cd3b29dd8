import { compareRow } from '../shared/compare.ts';
import { toLogits, toRow } from '../shared/numbers.ts';
import { Skip } from '../shared/outcome.ts';
import { Params } from '../shared/params.ts';
import { shapeRow } from '../shared/row.ts';
import { casesOf, checkFields, type OpenSuite } from '../shared/suite.ts';
import { runGuidance } from './guidance.ts';
import { runHamming } from './hamming-diversity.ts';
import { runSynthId } from './synth-id.ts';
import { type ProcessorCase, processors } from './table.ts';

/** `processors/<Class>.json`: one class of Hugging Face's `logits_process.py`, called on one batch. */
export const openProcessors: OpenSuite = (file) => {
  const adapter = processors[file.content.class as string];
  const table = file.content.logits as LogitsTable;
  return casesOf<ProcessorCase>(file).map((golden) => ({
    id: golden.id,
    run() {
      const run = whole[file.content.class as string];
      if (run !== undefined) return run(golden, table);
      if (adapter === undefined) throw new TypeError(`no adapter for the class ${file.content.class}`);
      checkFields(golden, [...common, ...(adapter.fields ?? [])]);
      const batch = adapter.batch ?? ((rows) => rows);
      const rows = batch((table[golden.logits_ref] ?? []).map(toLogits));
      const shaped = (): Float32Array[] =>
        rows.map((logits, row) => {
          const params = new Params(golden.params);
          const plan = adapter.plan(params, golden, row);
          params.finish();
          return shapeRow(logits, { prompt: golden.input_ids[row] ?? [], ...plan });
        });
      if (golden.error !== undefined) return raises(shaped) ? [] : [`an error was expected: ${golden.error}`];
      const got = shaped();
      const expected = (golden.output ?? []).map(toRow);
      if (expected.length !== got.length) return [`${expected.length} rows expected, got ${got.length}`];
      return expected.flatMap((row, i) => [
        ...(adapter.more?.(golden, i, got[i]!) ?? []),
        ...compareRow(`row ${i}`, adapter.expected?.(row, golden, rows[i]!) ?? row, got[i]!, {
          input: rows[i]!,
          tiesAreFree: adapter.selects === true && tied.test(golden.logits_ref),
          maskIsFree: golden.mask_same_in_float64 === false,
        }),
      ]);
    },
  }));
};

/** Classes whose cases are more than rows through a chain. */
const whole: Readonly<
  Record<string, (golden: ProcessorCase, table: LogitsTable) => readonly string[] | Promise<readonly string[]>>
> = {
  ClassifierFreeGuidanceLogitsProcessor: runGuidance,
  HammingDiversityLogitsProcessor: runHamming,
  SynthIDTextWatermarkLogitsProcessor: runSynthId,
};

type LogitsTable = Readonly<Record<string, readonly (readonly unknown[])[]>>;

/** Rows with tied entries: PyTorch does not define which of them it keeps. */
const tied = /^(ties|allzero|spike|onehot)/;

/**
 * `v5_same` and `output_v5` record Hugging Face 5, which differs only in the choice among tied tokens. The rule for ties covers
 * that.
 */
const common = [
  'id',
  'source',
  'params',
  'logits_ref',
  'input_ids',
  'output',
  'error',
  'mask_same_in_float64',
  'v5_same',
  'output_v5',
];

/** Whether an error is one of ours; a missing factory does not count. */
function raises(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof Skip) throw error;
    return true;
  }
}
