import { logProbabilities } from '@tokenwright/core/sampling';
import { compareRow } from '../shared/compare.ts';
import { toLogits, toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { rule, weigh } from '../shared/rules.ts';
import { checkFields } from '../shared/suite.ts';

interface GuidanceCase {
  readonly params: Readonly<Record<string, unknown>>;
  readonly logits_ref: string;
  readonly output: readonly (readonly unknown[])[];
}

/**
 * `ClassifierFreeGuidanceLogitsProcessor.json`: guidance on the raw logits of a doubled batch, conditional rows first. Our rule of the same
 * name works on log-probabilities and differs by one number for the whole row; context-aware decoding with a = scale - 1 is
 * the class itself.
 */
export function runGuidance(
  golden: unknown,
  table: Readonly<Record<string, readonly (readonly unknown[])[]>>,
): string[] {
  checkFields(golden as object, ['id', 'source', 'params', 'logits_ref', 'input_ids', 'output', 'v5_same']);
  const { params: given, logits_ref, output } = golden as GuidanceCase;
  const params = new Params(given);
  const scale = params.required('guidance_scale');
  params.finish();
  const onLogits = rule('contextAware', { alpha: scale - 1 });
  const onLogProbabilities = rule('classifierFreeGuidance', { guidanceScale: scale });
  const rows = table[logits_ref]!.map(toLogits);
  return output.flatMap((row, i) => {
    const [own, other] = [rows[i]!, rows[output.length + i]!];
    const got = weigh(onLogits, own, other);
    // A token that only the unconditional row rules out is infinity minus infinity in the class; ours takes that row's lowest logit.
    const expected = toRow(row).map((value, id) => (Number.isNaN(value) && other[id] === -Infinity ? got[id]! : value));
    const input = Float32Array.from([...own, ...other], (logit) => scale * logit);
    const normalized = weigh(onLogProbabilities, own, other);
    return [
      ...compareRow(`row ${i}`, expected, got, { input }),
      ...compareRow(`row ${i}: normalized`, logProbabilities(got), logProbabilities(normalized), { input }),
    ];
  });
}
